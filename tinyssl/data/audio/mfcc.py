"""Mel-frequency cepstral coefficients as the keyword reference of MLPerf Tiny takes them.

Magnitudes of a Hann-windowed FFT, 40 HTK mel filters from 20 to 4,000 Hz, logarithm, DCT-II in
HTK's scaling; the first ten, in the 8 bits of the reference model's input. The formulas are those
of `tf.signal` (stft, linear_to_mel_weight_matrix, mfccs_from_log_mel_spectrograms).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

FLOOR = 1e-6
"""Added to every mel energy before the logarithm"""


@dataclass(frozen=True)
class Mfcc:
    """Parameters; the defaults are those of MLPerf Tiny's keyword spotting."""

    rate: int = 16_000
    """Samples a second"""
    window: int = 480
    """Samples of a frame: 30 ms"""
    stride: int = 320
    """Samples from frame to frame: 20 ms"""
    filters: int = 40
    low_hz: float = 20.0
    high_hz: float = 4000.0
    channels: int = 10
    """Coefficients that are kept"""
    scale: float = 0.5847029089927673
    """Of the int8 features: the reference model's input"""
    zero_point: int = 83

    @property
    def fft_size(self) -> int:
        """The power of 2 that holds a frame."""
        return 1 << (self.window - 1).bit_length()

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return max((samples - self.window) // self.stride + 1, 0)


def mfcc(clips: NDArray[np.int16], settings: Mfcc = Mfcc()) -> NDArray[np.int8]:
    """Features as the reference model takes them.

    Args:
        clips: (n, samples) mono, at `settings.rate`; each is scaled to a peak of 1 first.
        settings: Of the front end.

    Returns:
        (n, frames, channels) int8: coefficient / scale + zero point, rounded half to even.
    """
    codes = np.round(raw_mfcc(clips, settings) / settings.scale) + settings.zero_point
    return np.clip(codes, -128, 127).astype(np.int8)


def raw_mfcc(clips: NDArray[np.int16], settings: Mfcc = Mfcc()) -> Float64:
    """The coefficients themselves, (n, frames, channels)."""
    peak = np.abs(clips.astype(np.float64)).max(axis=-1, keepdims=True)
    waves = clips / np.where(peak > 0, peak, 1)
    energies = log_mel_energies(waves, settings)
    return np.asarray(energies @ _dct(settings.filters, settings.channels))


def log_mel_energies(waves: Float64, settings: Mfcc) -> Float64:
    """Logarithms of the mel filters over magnitudes: (n, samples) to (n, frames, filters)."""
    windows = np.lib.stride_tricks.sliding_window_view(waves, settings.window, axis=-1)
    frames = windows[..., :: settings.stride, :] * _periodic_hann(settings.window)
    magnitudes = np.abs(np.fft.rfft(frames, settings.fft_size))
    mel = magnitudes @ mel_matrix(
        settings.fft_size // 2 + 1,
        settings.rate,
        settings.filters,
        (settings.low_hz, settings.high_hz),
    )
    return np.asarray(np.log(mel + FLOOR))


def _periodic_hann(length: int) -> Float64:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@lru_cache
def mel_matrix(bins: int, rate: int, filters: int, band: tuple[float, float]) -> Float64:
    """(bins, filters): triangles, evenly spaced in HTK's mel over `band` (Hz); none takes bin 0."""
    mels = 1127.0 * np.log1p(np.linspace(0, rate / 2, bins)[1:] / 700.0)
    low, high = 1127.0 * np.log1p(np.array(band) / 700.0)
    edges = np.linspace(low, high, filters + 2)
    start, centre, end = edges[:-2], edges[1:-1], edges[2:]
    rising = (mels[:, None] - start) / (centre - start)
    falling = (end - mels[:, None]) / (end - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    return np.concatenate([np.zeros((1, filters)), weights])


@lru_cache
def _dct(inputs: int, outputs: int) -> Float64:
    """(inputs, outputs): DCT-II, every row times sqrt(2 / inputs), as HTK scales it."""
    angles = np.pi / inputs * (np.arange(inputs)[:, None] + 0.5) * np.arange(outputs)
    return np.asarray(np.cos(angles) * np.sqrt(2 / inputs))
