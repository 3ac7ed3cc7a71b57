"""The log-mel front end of TensorFlow Lite Micro, bit for bit.

What micro_speech's audio preprocessor computes of each frame: Hann window, 16-bit FFT, energy,
40 mel filters, noise reduction, per-channel automatic gain control (PCAN, Wang et al.,
arXiv 1607.05666), logarithm; all in integers, so that a microcontroller gets the same bytes.
Checked against the Signal operators of TFLM in `tests/unit/data/test_audio_frontend.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.audio.fixed_fft import rfft_int16
from tinyssl.data.audio.fixed_point import log_scaled, rounded_sqrt, significant_bits
from tinyssl.data.audio.mel import FilterBank
from tinyssl.data.audio.pcan import Pcan

Int16 = NDArray[np.int16]
Uint32 = NDArray[np.uint32]


@dataclass(frozen=True)
class LogMel:
    """Parameters; the defaults are micro_speech's."""

    rate: int = 16_000
    """Samples a second"""
    window: int = 480
    """Samples of a frame: 30 ms"""
    stride: int = 320
    """Samples from frame to frame: 20 ms"""
    channels: int = 40
    low_hz: float = 125.0
    high_hz: float = 7500.0
    window_bits: int = 12
    """Fractional bits of the window"""
    weight_bits: int = 12
    """Fractional bits of the mel filters"""
    noise_bits: int = 14
    """Fractional bits of the noise reduction's coefficients"""
    smoothing_bits: int = 10
    """Fractional bits of the noise estimate"""
    even_smoothing: float = 0.025
    """Share of a frame in the noise estimate of the channels 0, 2, 4, …"""
    odd_smoothing: float = 0.06
    """… and of the channels 1, 3, 5, …"""
    least_signal: float = 0.05
    """Share of a frame that noise reduction leaves at least"""
    pcan: Pcan = field(default_factory=Pcan)
    log_bits: int = 6
    """Fractional bits of the logarithm"""

    @property
    def fft_size(self) -> int:
        """The power of 2 that holds a frame."""
        return 1 << (self.window - 1).bit_length()

    @property
    def correction_bits(self) -> int:
        """Bits that the square root of an energy lacks to full scale."""
        return self.fft_size.bit_length() - 1 - self.weight_bits // 2

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return max((samples - self.window) // self.stride + 1, 0)


RAW_HIGH = 666
"""Raw feature that becomes 127: (25.6 · 26.0) rounded, as micro_speech scales them"""


def log_mel(clips: Int16, settings: LogMel = LogMel()) -> NDArray[np.int8]:
    """Features as micro_speech's model takes them.

    Args:
        clips: (n, samples) mono, at `settings.rate`.
        settings: Of the front end.

    Returns:
        (n, frames, channels) int8; every clip starts with an empty noise estimate.
    """
    return to_int8(raw_log_mel(clips, settings))


def to_int8(raw: Int16) -> NDArray[np.int8]:
    """0 to 666 becomes -128 to 127, rounded half up and clipped."""
    scaled = (raw.astype(np.int32) * 256 + RAW_HIGH // 2) // RAW_HIGH - 128
    return np.clip(scaled, -128, 127).astype(np.int8)


def raw_log_mel(clips: Int16, settings: LogMel = LogMel()) -> Int16:
    """The logarithms in `log_bits` fractional bits: (n, frames, channels), 0 to about 670."""
    energies = _filtered(_frames_of(clips, settings), settings)
    reduced, noise = _reduce_noise(energies, settings)
    gained = settings.pcan.apply(
        reduced, noise, settings.smoothing_bits - settings.correction_bits, settings.correction_bits
    )
    return log_scaled(gained << np.uint32(settings.correction_bits), 1 << settings.log_bits)


def _frames_of(clips: Int16, settings: LogMel) -> Int16:
    """(n, frames, window), a view."""
    windows = np.lib.stride_tricks.sliding_window_view(clips, settings.window, axis=-1)
    return windows[..., :: settings.stride, :]


def hann(length: int, bits: int) -> NDArray[np.int32]:
    """Hann window around the middle of its samples, with `bits` fractional bits."""
    phase = 2 * np.pi / length * (np.arange(length) + 0.5)
    return np.asarray(np.round((0.5 - 0.5 * np.cos(phase)) * (1 << bits)), np.int32)


def _filtered(frames: Int16, settings: LogMel) -> Uint32:
    """Square roots of the energy in every mel filter: (n, frames, channels)."""
    windowed = (frames * hann(settings.window, settings.window_bits)) >> settings.window_bits
    scaled, shift = _full_scale(np.clip(windowed, -32768, 32767).astype(np.int16))
    real, imaginary = rfft_int16(scaled, settings.fft_size)
    energy = (real * real + imaginary * imaginary).astype(np.uint32)
    bank = FilterBank.of(
        settings.fft_size // 2 + 1,
        settings.rate,
        settings.channels,
        (settings.low_hz, settings.high_hz),
        settings.weight_bits,
    )
    root = rounded_sqrt(bank.apply(energy))
    return (root >> shift[..., None].astype(np.uint64)).astype(np.uint32)


def _full_scale(windowed: Int16) -> tuple[Int16, NDArray[np.int64]]:
    """Every frame shifted up until its largest value fills 16 bits, and by how much.

    A silent frame is not shifted. Nor is one that holds -32768, whose magnitude has no int16.
    """
    largest = np.abs(windowed.astype(np.int32)).max(axis=-1)
    shift = np.where(largest > 0, np.maximum(15 - significant_bits(largest), 0), 0)
    return (windowed.astype(np.int32) << shift[..., None]).astype(np.int16), shift


def _reduce_noise(signal: Uint32, settings: LogMel) -> tuple[Uint32, Uint32]:
    """What is left above a running estimate of the noise, and the estimate, frame by frame."""
    one = 1 << settings.noise_bits
    odd = np.arange(settings.channels) % 2 == 1
    rates = np.where(odd, int(settings.odd_smoothing * one), int(settings.even_smoothing * one))
    take, keep = rates.astype(np.uint64), (one - rates).astype(np.uint64)
    bits, noise_bits = np.uint32(settings.smoothing_bits), np.uint64(settings.noise_bits)
    least = np.uint64(int(settings.least_signal * one))
    estimate = np.zeros((len(signal), settings.channels), np.uint32)
    reduced, noise = np.empty_like(signal), np.empty_like(signal)
    for frame in range(signal.shape[1]):
        now = signal[:, frame]
        scaled = now << bits
        estimate = ((scaled * take + estimate * keep) >> noise_bits).astype(np.uint32)
        noise[:, frame] = estimate
        above = (scaled - np.minimum(estimate, scaled)) >> bits
        floor = ((now * least) >> noise_bits).astype(np.uint32)
        reduced[:, frame] = np.maximum(above, floor)
    return reduced, noise
