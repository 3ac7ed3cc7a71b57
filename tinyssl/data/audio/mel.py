"""Mel filters in fixed point, as TFLM's audio front end lays them over a spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def mel_of(hz: Float32) -> Float32:
    """1127 ln(1 + hz / 700), in single precision."""
    return np.asarray(np.float32(1127.0) * np.log1p(hz / np.float32(700.0)))


@dataclass(frozen=True)
class FilterBank:
    """Triangles over the energies: each bin adds to two neighbouring channels."""

    weights: NDArray[np.uint64]
    """(channels, bins), with `weight_bits` fractional bits"""

    def apply(self, energy: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """(..., bins) to (..., channels)."""
        # sums stay below 2^53 (32 bits, times 2^12, times at most 2^9 bins): doubles are exact
        sums = energy.astype(np.float64) @ self.weights.T.astype(np.float64)
        return sums.astype(np.uint64)

    @staticmethod
    @lru_cache
    def of(
        bins: int, rate: int, channels: int, band: tuple[float, float], weight_bits: int
    ) -> FilterBank:
        """`channels` triangles, evenly spaced in mel over `band` (Hz), over `bins` of a spectrum.

        Raises:
            ValueError: The band reaches beyond half of the rate.
        """
        hz_a_bin = rate / 2 / (bins - 1)
        mels = mel_of(np.arange(bins, dtype=np.float64).astype(np.float32) * np.float32(hz_a_bin))
        low, high = mel_of(np.array(band, np.float32))
        spacing = np.float32(high - low) / np.float32(channels + 1)
        centres = low + spacing * np.arange(1, channels + 2, dtype=np.float32)
        edges = np.concatenate(([low], centres)).astype(np.float32)
        first = round(1 + band[0] / hz_a_bin)
        weights = np.zeros((channels + 1, bins), np.uint64)
        used = [b for b in range(first, bins) if mels[b] <= centres[-1]]
        if not used or used[-1] == bins - 1:
            raise ValueError(f"no room for {channels} mel filters up to {band[1]} Hz at {rate} Hz")
        for index in used:
            channel = int(np.searchsorted(centres, mels[index], side="left"))
            falls = np.float32(centres[channel] - mels[index])
            share = falls / np.float32(centres[channel] - edges[channel])
            weights[channel, index] = int(share * np.float32(1 << weight_bits))
            if channel < channels:
                weights[channel + 1, index] = int(
                    (np.float32(1) - share) * np.float32(1 << weight_bits)
                )
        return FilterBank(weights[1:])
