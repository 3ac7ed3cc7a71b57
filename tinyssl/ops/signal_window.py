"""SignalWindow: each frame times a window function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields


@dataclass(frozen=True, kw_only=True)
class SignalWindow(signal.SignalOp):
    """input * weights / 2^shift, downwards, at the ends of int16 where it leaves it."""

    kind: ClassVar[str] = "CUSTOM SignalWindow"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.INT16),
        signal.table("weights"),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = ("shift",)

    input: int
    weights: int
    output: int
    shift: int


def _check(check: OpCheck[SignalWindow]) -> None:
    """A whole number of frames of the window's length."""
    length = check.tensor(check.op.weights).elements
    found = check.tensor(check.op.input).elements
    if found % length:
        raise check.violation(f"{found} elements in frames of {length}")


def _params(model: Model, op: SignalWindow, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_window`."""
    length = model.tensor(op.weights).elements
    return {
        "weights": constants.tensor("window", op.weights),
        "frames": model.tensor(op.input).elements // length,
        "length": length,
        "shift": op.shift,
    }


SPEC = signal.signal_spec(
    SignalWindow,
    ("AddWindow", "window"),
    signal.signal_kernel("signal_window", "signal_frames", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(signal.limited(shift=(0, 31)), _check),
)
