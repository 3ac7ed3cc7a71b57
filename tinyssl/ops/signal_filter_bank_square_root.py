"""SignalFilterBankSquareRoot: roots of energies, without the bits of the automatic scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields


@dataclass(frozen=True, kw_only=True)
class SignalFilterBankSquareRoot(signal.SignalOp):
    """sqrt(input) / 2^bits: the root to the nearest, the quotient downwards."""

    kind: ClassVar[str] = "CUSTOM SignalFilterBankSquareRoot"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.UINT64),
        signal.numbers("bits", DType.INT32),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.UINT32),)

    input: int
    bits: int
    """One number, 0 to 31"""
    output: int


def _check(check: OpCheck[SignalFilterBankSquareRoot]) -> None:
    """One scale for all."""
    found = check.tensor(check.op.bits).elements
    if found != 1:
        raise check.violation(f"{found} scales; there is one")


def _params(model: Model, op: SignalFilterBankSquareRoot, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_square_root`."""
    return {"size": model.tensor(op.input).elements}


SPEC = signal.signal_spec(
    SignalFilterBankSquareRoot,
    ("AddFilterBankSquareRoot", "filter_bank_square_root"),
    signal.signal_kernel("signal_square_root", "filter_bank", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(_check,),
)
