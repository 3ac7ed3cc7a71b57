"""SignalStacker: a frame with those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext

SIZE, LEFT = "num_channels", "stacker_left_context"


@dataclass(frozen=True, kw_only=True)
class SignalStacker(signal.SignalOp):
    """The last frames, the oldest first; the first frame stands for those before it."""

    kind: ClassVar[str] = "CUSTOM SignalStacker"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.INT16),
        Operand("state", (DType.INT16,), (Role.STATE,), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("output", DType.INT16),
        signal.numbers("valid", DType.BOOL),
    )
    options: ClassVar[tuple[str, ...]] = (SIZE, LEFT, "stacker_right_context", "stacker_step")

    input: int
    """(num_channels)"""
    state: int
    """int16 (1 + stacker_left_context * num_channels): whether there was a frame, then frames"""
    output: int
    """((1 + stacker_left_context) * num_channels)"""
    valid: int
    """Always true"""
    num_channels: int
    stacker_left_context: int
    stacker_right_context: int
    stacker_step: int


def _check(check: OpCheck[SignalStacker]) -> None:
    """An output for each input: others are not there in some inferences."""
    op = check.op
    if op.stacker_right_context or op.stacker_step != 1:
        raise check.unsupported(
            f"a right context of {op.stacker_right_context}, a step of {op.stacker_step}: in some "
            "inferences TensorFlow Lite Micro leaves the output as the memory was",
            hint="make it with a right context of 0 and a step of 1",
        )
    found = check.tensor(op.input).shape
    if found != (op.num_channels,):
        raise check.violation(f"an input of shape {list(found)}, not [{op.num_channels}]")


def _state(op: OperatorContext) -> Shape:
    options = op.numbers((SIZE, LEFT))
    return (1 + options[SIZE] * options[LEFT],)


def _params(_model: Model, op: SignalStacker, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_stacker`."""
    return {"size": op.num_channels, "before": op.stacker_left_context}


SPEC = signal.signal_spec(
    SignalStacker,
    ("AddStacker", "stacker"),
    signal.signal_kernel("signal_stacker", "signal_frames", _params),
    shapes=lambda _, op: (((1 + op.stacker_left_context) * op.num_channels,), ()),
    checks=(signal.limited(num_channels=(1, 2**15), stacker_left_context=(0, 2**10)), _check),
    state=_state,
)
