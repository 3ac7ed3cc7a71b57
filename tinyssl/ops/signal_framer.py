"""SignalFramer: overlapping frames of a stream of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext

SIZE, STEP = "frame_size", "frame_step"


@dataclass(frozen=True, kw_only=True)
class SignalFramer(signal.SignalOp):
    """A frame of `frame_size` samples every `frame_step`; zeros came before the first sample."""

    kind: ClassVar[str] = "CUSTOM SignalFramer"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.INT16),
        Operand("state", (DType.INT16,), (Role.STATE,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("output", DType.INT16),
        signal.numbers("valid", DType.BOOL),
    )
    options: ClassVar[tuple[str, ...]] = (SIZE, STEP, "prefill")

    input: int
    """(…, frames * frame_step)"""
    state: int
    """int16 (channels, frame_size - frame_step, or 1): the samples before the input"""
    output: int
    """(…, frames, frame_size)"""
    valid: int
    """Always true"""
    frame_size: int
    frame_step: int
    prefill: int


def _check(check: OpCheck[SignalFramer]) -> None:
    """Whole frames, which overlap or touch."""
    op = check.op
    if not op.prefill:
        raise check.unsupported(
            "frames before the first whole one, which TensorFlow Lite Micro leaves as the memory "
            "was",
            hint="make it with prefill=True",
        )
    length = check.tensor(op.input).shape[-1]
    if op.frame_step > op.frame_size or length % op.frame_step:
        raise check.violation(
            f"frames of {op.frame_size} every {op.frame_step} samples of {length}"
        )


def _state(op: OperatorContext) -> Shape:
    source, options = op.input(0), op.numbers((SIZE, STEP))
    return (source.elements // source.shape[-1], max(options[SIZE] - options[STEP], 1))


def _params(model: Model, op: SignalFramer, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_framer`."""
    channels, length = signal.rows_of(model, op.input)
    return {
        "channels": channels,
        "frames": length // op.frame_step,
        "size": op.frame_size,
        "step": op.frame_step,
    }


def _shapes(model: Model, op: SignalFramer) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    return ((*shape[:-1], shape[-1] // op.frame_step, op.frame_size), ())


SPEC = signal.signal_spec(
    SignalFramer,
    ("AddFramer", "framer"),
    signal.signal_kernel("signal_framer", "signal_frames", _params),
    shapes=_shapes,
    checks=(signal.limited(frame_size=(1, 2**15), frame_step=(1, 2**15)), _check),
    state=_state,
)
