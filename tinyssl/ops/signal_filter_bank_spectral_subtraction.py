"""SignalFilterBankSpectralSubtraction: bands less an estimate of the noise in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext

FRACTIONS = (
    "smoothing",
    "one_minus_smoothing",
    "alternate_smoothing",
    "alternate_one_minus_smoothing",
    "min_signal_remaining",
)
"""With `spectral_subtraction_bits` bits after the point"""
BITS = ("smoothing_bits", "spectral_subtraction_bits")


@dataclass(frozen=True, kw_only=True)
class SignalFilterBankSpectralSubtraction(signal.SignalOp):
    """The state is the estimate, a low pass over time; odd bands have a filter of their own."""

    kind: ClassVar[str] = "CUSTOM SignalFilterBankSpectralSubtraction"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.UINT32),
        Operand("state", (DType.UINT32,), (Role.STATE,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("output", DType.UINT32),
        signal.numbers("noise", DType.UINT32),
    )
    options: ClassVar[tuple[str, ...]] = (*FRACTIONS, *BITS, "clamping", "num_channels")

    input: int
    state: int
    """As the input"""
    output: int
    noise: int
    """The estimate, times 2^smoothing_bits"""
    smoothing: int
    one_minus_smoothing: int
    alternate_smoothing: int
    alternate_one_minus_smoothing: int
    min_signal_remaining: int
    smoothing_bits: int
    spectral_subtraction_bits: int
    clamping: int
    """Whether the estimate never exceeds the band"""
    num_channels: int


def _check(check: OpCheck[SignalFilterBankSpectralSubtraction]) -> None:
    """As many bands as the input has."""
    found = check.tensor(check.op.input).elements
    if found != check.op.num_channels:
        raise check.violation(f"{found} bands, and an estimate of {check.op.num_channels}")


def _state(op: OperatorContext) -> Shape:
    return op.input(0).shape


def _params(
    _model: Model, op: SignalFilterBankSpectralSubtraction, _constants: Constants
) -> Fields:
    """Members of `struct tinyssl_signal_subtraction`."""
    names = (*FRACTIONS, *BITS)
    return {name: getattr(op, name) for name in names} | {
        "clamping": op.clamping,
        "bands": op.num_channels,
    }


SPEC = signal.signal_spec(
    SignalFilterBankSpectralSubtraction,
    ("AddFilterBankSpectralSubtraction", "filter_bank_spectral_subtraction"),
    signal.signal_kernel("signal_subtraction", "filter_bank", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,) * 2,
    checks=(
        signal.limited(**dict.fromkeys(FRACTIONS, (0, 2**31 - 1)), clamping=(0, 1)),
        signal.limited(**dict.fromkeys(BITS, (0, 31))),
        _check,
    ),
    state=_state,
)
