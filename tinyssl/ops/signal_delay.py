"""SignalDelay: each channel some samples later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext

LENGTH = "delay_length"


@dataclass(frozen=True, kw_only=True)
class SignalDelay(signal.SignalOp):
    """The state holds the last samples of each channel."""

    kind: ClassVar[str] = "CUSTOM SignalDelay"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.INT16),
        Operand("state", (DType.INT16,), (Role.STATE,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = (LENGTH,)

    input: int
    state: int
    """int16 (channels, delay_length)"""
    output: int
    delay_length: int


def _state(op: OperatorContext) -> Shape:
    source = op.input(0)
    return (source.elements // source.shape[-1], op.numbers((LENGTH,))[LENGTH])


def _params(model: Model, op: SignalDelay, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_delay`."""
    channels, length = signal.rows_of(model, op.input)
    return {"channels": channels, "length": length, "delay": op.delay_length}


SPEC = signal.signal_spec(
    SignalDelay,
    ("AddDelay", "delay"),
    signal.signal_kernel("signal_delay", "signal_frames", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(signal.limited(delay_length=(1, 2**20)),),
    state=_state,
)
