"""SignalPCAN: each band over its noise: automatic gain by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields

GAINS = 4 * 32 - 3
"""Elements of the table of gains: two, then a parabola for each power of two"""


@dataclass(frozen=True, kw_only=True)
class SignalPcan(signal.SignalOp):
    """The band times a gain that falls with the noise, small values squared."""

    kind: ClassVar[str] = "CUSTOM SignalPCAN"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.UINT32),
        signal.numbers("noise", DType.UINT32),
        signal.table("gains"),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.UINT32),)
    options: ClassVar[tuple[str, ...]] = ("snr_shift",)

    input: int
    noise: int
    gains: int
    output: int
    snr_shift: int


def _check(check: OpCheck[SignalPcan]) -> None:
    """A gain for each 32-bit number, and noise for each band."""
    op = check.op
    gains = check.tensor(op.gains).elements
    if gains < GAINS:
        raise check.violation(f"{gains} gains; there must be {GAINS}")
    if check.tensor(op.noise).elements != check.tensor(op.input).elements:
        raise check.violation("bands and noise differ in number")


def _params(model: Model, op: SignalPcan, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_pcan`."""
    return {
        "gains": constants.tensor("gains", op.gains),
        "size": model.tensor(op.input).elements,
        "shift": op.snr_shift,
    }


SPEC = signal.signal_spec(
    SignalPcan,
    ("AddPCAN", "pcan"),
    signal.signal_kernel("signal_pcan", "filter_bank", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(signal.limited(snr_shift=(0, 63)), _check),
)
