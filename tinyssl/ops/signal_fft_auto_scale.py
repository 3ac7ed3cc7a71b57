"""SignalFftAutoScale: a frame as large as int16 holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields


@dataclass(frozen=True, kw_only=True)
class SignalFftAutoScale(signal.SignalOp):
    """input * 2^bits, and the bits."""

    kind: ClassVar[str] = "CUSTOM SignalFftAutoScale"
    operands: ClassVar[tuple[Operand, ...]] = (signal.numbers("input", DType.INT16),)
    results: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("output", DType.INT16),
        signal.numbers("bits", DType.INT32),
    )

    input: int
    output: int
    bits: int


def _params(model: Model, op: SignalFftAutoScale, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_auto_scale`."""
    return {"size": model.tensor(op.input).elements}


SPEC = signal.signal_spec(
    SignalFftAutoScale,
    ("AddFftAutoScale", "fft_auto_scale_kernel"),
    signal.signal_kernel("signal_auto_scale", "signal_frames", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape, ()),
)
