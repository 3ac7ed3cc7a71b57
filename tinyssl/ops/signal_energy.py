"""SignalEnergy: the power of each frequency of a spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields


@dataclass(frozen=True, kw_only=True)
class SignalEnergy(signal.SignalOp):
    """Squares of real and imaginary part; 0 outside the range, where TFLM writes nothing."""

    kind: ClassVar[str] = "CUSTOM SignalEnergy"
    operands: ClassVar[tuple[Operand, ...]] = (signal.numbers("input", DType.INT16),)
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.UINT32),)
    options: ClassVar[tuple[str, ...]] = ("start_index", "end_index")

    input: int
    """int16 (2 * frequencies): real and imaginary part in turn"""
    output: int
    start_index: int
    end_index: int
    """One past the last"""


def _check(check: OpCheck[SignalEnergy]) -> None:
    """The range lies in the spectrum."""
    op = check.op
    shape = check.tensor(op.input).shape
    if len(shape) != 1 or shape[0] % 2:
        raise check.violation(f"a spectrum of shape {list(shape)}")
    if not 0 <= op.start_index <= op.end_index <= shape[0] // 2:
        raise check.violation(f"frequencies {op.start_index} to {op.end_index} of {shape[0] // 2}")


def _params(model: Model, op: SignalEnergy, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_energy`."""
    size = model.tensor(op.output).elements
    return {"size": size, "start": op.start_index, "end": op.end_index}


SPEC = signal.signal_spec(
    SignalEnergy,
    ("AddEnergy", "energy"),
    signal.signal_kernel("signal_energy", "filter_bank", _params),
    shapes=lambda model, op: ((model.tensor(op.input).elements // 2,),),
    checks=(_check,),
)
