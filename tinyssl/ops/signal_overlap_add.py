"""SignalOverlapAdd: overlapping frames become a stream of samples, int16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext

INT16 = 7
"""Number of the schema's type, the option T"""


@dataclass(frozen=True, kw_only=True)
class SignalOverlapAdd(signal.SignalOp):
    """The state holds the sums that later frames add to; each stops at the ends of int16."""

    kind: ClassVar[str] = "CUSTOM SignalOverlapAdd"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.INT16),
        Operand("state", (DType.INT16,), (Role.STATE,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = ("T", "frame_step")

    input: int
    """(…, frames, frame size)"""
    state: int
    """int16 (channels, frame size)"""
    output: int
    """(…, frames * frame_step)"""
    T: int
    frame_step: int


def _check(check: OpCheck[SignalOverlapAdd]) -> None:
    """Frames that overlap or touch."""
    op = check.op
    if op.T != INT16:
        raise check.unsupported(f"elements of type {op.T}; int16 ({INT16}) is supported")
    shape = check.tensor(op.input).shape
    if len(shape) < 2 or op.frame_step > shape[-1]:
        raise check.violation(f"frames of shape {list(shape)}, every {op.frame_step} samples")


def _state(op: OperatorContext) -> Shape:
    shape = op.input(0).shape
    frames = shape[-2] if len(shape) > 1 else 1
    return (op.input(0).elements // (frames * shape[-1]), shape[-1])


def _params(model: Model, op: SignalOverlapAdd, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_framer`."""
    shape = model.tensor(op.input).shape
    return {
        "channels": model.tensor(op.state).shape[0],
        "frames": shape[-2],
        "size": shape[-1],
        "step": op.frame_step,
    }


def _shapes(model: Model, op: SignalOverlapAdd) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    return ((*shape[:-2], shape[-2] * op.frame_step),)


SPEC = signal.signal_spec(
    SignalOverlapAdd,
    ("AddOverlapAdd", "overlap_add"),
    signal.signal_kernel("signal_overlap_add", "signal_frames", _params, "signal_framer"),
    shapes=_shapes,
    checks=(signal.limited(frame_step=(1, 2**15)), _check),
    state=_state,
)
