"""Per-channel amplitude normalisation (PCAN), as TFLM computes it in integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.audio.fixed_point import significant_bits

SNR_BITS = 12
"""Fractional bits of a signal-to-noise ratio"""
OUTPUT_BITS = 6
"""Fractional bits of the result"""
LARGEST_GAIN = 32767


@dataclass(frozen=True)
class Pcan:
    """Gain (noise + offset)^-strength, then x²/4 below 2 and x - 1 above."""

    strength: float = 0.95
    offset: float = 80.0
    gain_bits: int = 21
    """Fractional bits of a gain"""

    def apply(
        self,
        signal: NDArray[np.uint32],
        noise: NDArray[np.uint32],
        noise_bits: int,
        correction_bits: int,
    ) -> NDArray[np.uint32]:
        """The signal relative to its noise, in `OUTPUT_BITS` fractional bits.

        Args:
            signal: What noise reduction left.
            noise: Its estimate of the noise, of the same shape.
            noise_bits: Fractional bits of the noise.
            correction_bits: The signal's are minus these.
        """
        gain = self._gain(noise, noise_bits).astype(np.uint64)
        shift = np.uint64(self.gain_bits - correction_bits - SNR_BITS)
        snr = ((signal * gain) >> shift).astype(np.uint32)
        small = (snr * snr) >> np.uint32(2 + 2 * SNR_BITS - OUTPUT_BITS)
        large = (snr >> np.uint32(SNR_BITS - OUTPUT_BITS)) - np.uint32(1 << OUTPUT_BITS)
        return np.where(snr < (2 << SNR_BITS), small, large)

    def _gain(self, noise: NDArray[np.uint32], noise_bits: int) -> NDArray[np.int16]:
        """A parabola through three points of every octave, at 10 bits within it."""
        start, linear, square = _curve(self, noise_bits)
        octave = significant_bits(noise)
        wide = noise.astype(np.int64)
        place = np.where(
            octave < 11, wide << np.maximum(11 - octave, 0), wide >> np.maximum(octave - 11, 0)
        )
        place &= 0x3FF
        bent = ((square[octave] * place) >> 5) + (linear[octave] << 5)
        curved = ((bent * place).astype(np.int32).astype(np.int64) + (1 << 14)) >> 15
        exact = noise <= 2
        return (start[octave] + np.where(exact, 0, curved)).astype(np.int16)

    def at(self, noise: int, noise_bits: int) -> int:
        """The gain for one level of noise, in single precision, rounded."""
        level = np.float32(noise) / np.float32(1 << noise_bits) + np.float32(self.offset)
        gain = np.float32(1 << self.gain_bits) * np.power(level, np.float32(-self.strength))
        return LARGEST_GAIN if gain > LARGEST_GAIN else int(gain + np.float32(0.5))


@lru_cache
def _curve(pcan: Pcan, noise_bits: int) -> tuple[NDArray[np.int64], ...]:
    """Start, linear and square coefficient of octave 0 (noise 0), 1 (noise 1), 2, … 32."""
    rows = [(pcan.at(0, noise_bits), 0, 0), (pcan.at(1, noise_bits), 0, 0)]
    for octave in range(2, 33):
        low = 1 << (octave - 1)
        high = 2 * low if octave < 32 else 2 * low - 1
        y0, y1, y2 = (pcan.at(x, noise_bits) for x in (low, low + (low >> 1), high))
        linear = 4 * (y1 - y0) - (y2 - y0)
        rows.append((y0, linear, y2 - y0 - linear))
    return tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))
