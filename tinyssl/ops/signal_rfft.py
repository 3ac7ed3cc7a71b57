"""SignalRfft: the spectrum of real frames, int16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.ops.common import fourier, signal


@dataclass(frozen=True, kw_only=True)
class SignalRfft(fourier.FourierOp):
    """Frames (…, up to fft_length), filled with zeros, to spectra (…, fft_length + 2).

    Each stage of 2 or 4 divides by that.
    """

    kind: ClassVar[str] = "CUSTOM SignalRfft"
    sign: ClassVar[int] = -1


def _check(check: OpCheck[SignalRfft]) -> None:
    """Frames are no longer than the transform."""
    length = check.tensor(check.op.input).shape[-1]
    if length > check.op.fft_length:
        raise check.violation(f"frames of {length} for {check.op.fft_length} points")


SPEC = signal.signal_spec(
    SignalRfft,
    ("AddRfft", "rfft"),
    fourier.fourier_kernel("signal_rfft"),
    shapes=lambda model, op: ((*model.tensor(op.input).shape[:-1], op.fft_length + 2),),
    checks=(*fourier.CHECKS, _check),
)
