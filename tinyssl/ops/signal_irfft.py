"""SignalIrfft: real frames of a spectrum, int16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.ops.common import fourier, signal


@dataclass(frozen=True, kw_only=True)
class SignalIrfft(fourier.FourierOp):
    """Spectra (…, fft_length + 2) to frames (…, fft_length), over their number of points."""

    kind: ClassVar[str] = "CUSTOM SignalIrfft"
    sign: ClassVar[int] = 1


def _check(check: OpCheck[SignalIrfft]) -> None:
    """The spectrum has half as many frequencies as there are points, and one more."""
    length = check.tensor(check.op.input).shape[-1]
    if length != check.op.fft_length + 2:
        raise check.violation(f"{length} numbers for a spectrum of {check.op.fft_length} points")


SPEC = signal.signal_spec(
    SignalIrfft,
    ("AddIrfft", "irfft"),
    fourier.fourier_kernel("signal_irfft"),
    shapes=lambda model, op: ((*model.tensor(op.input).shape[:-1], op.fft_length),),
    checks=(*fourier.CHECKS, _check),
)
