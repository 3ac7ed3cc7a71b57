"""The real FFT in 16-bit fixed point that TensorFlow Lite Micro's audio front end uses.

KISS FFT with FIXED_POINT=16 (M. Borgerding, BSD): decimation in time, radix 4 and 2, every input of
a butterfly divided by the radix, every product rounded to 15 fractional bits. Sums wrap at 16 bits.
All functions work on many frames at once; the result has the bytes of the C code.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Complex16 = tuple[Int32, Int32]
"""Real and imaginary part: int16 values in int32 arrays"""

FRACTION_BITS = 15
ONE = 32767
"""1.0 in 15 fractional bits, as near as int16 comes"""


def rfft_int16(frames: NDArray[np.int16], size: int) -> Complex16:
    """Spectrum of real frames, divided by `size`.

    Args:
        frames: (..., at most `size`); zeros are added at the end.
        size: Length of the transform, a power of 2, at least 4.

    Returns:
        Real and imaginary part, each (..., size / 2 + 1).
    """
    padded = np.zeros((*frames.shape[:-1], size), np.int32)
    padded[..., : frames.shape[-1]] = frames
    half = size // 2
    real, imaginary = _fft((padded[..., 0::2], padded[..., 1::2]), half)
    return _split(real, imaginary, half)


def _split(real: Int32, imaginary: Int32, half: int) -> Complex16:
    """The spectrum of 2n real values from that of n complex ones (even + i odd)."""
    quarter = half // 2
    low, high = slice(1, quarter + 1), slice(half - 1, quarter - 1, -1)
    a = _divide((real[..., low], imaginary[..., low]), 2)
    b = _divide((real[..., high], -imaginary[..., high]), 2)
    total = _wrap((a[0] + b[0], a[1] + b[1]))
    turned = _multiply(_wrap((a[0] - b[0], a[1] - b[1])), _split_twiddles(half))
    out = tuple(np.zeros((*real.shape[:-1], half + 1), np.int32) for _ in range(2))
    first = _divide((real[..., 0], imaginary[..., 0]), 2)
    out[0][..., 0], out[0][..., half] = _wrap((first[0] + first[1], first[0] - first[1]))
    out[0][..., low], out[1][..., low] = (total[0] + turned[0]) >> 1, (total[1] + turned[1]) >> 1
    out[0][..., high], out[1][..., high] = (total[0] - turned[0]) >> 1, (turned[1] - total[1]) >> 1
    return _wrap((out[0], out[1]))


def _fft(x: Complex16, size: int) -> Complex16:
    """Complex FFT over the last axis, divided by its length."""
    if size == 1:
        return x
    radix = 4 if size % 4 == 0 else 2
    parts = [_fft((x[0][..., q::radix], x[1][..., q::radix]), size // radix) for q in range(radix)]
    scaled = [_divide(part, radix) for part in parts]
    turned = [_multiply(part, _twiddles(size, q)) for q, part in enumerate(scaled) if q]
    combined = _radix4(scaled[0], turned) if radix == 4 else _radix2(scaled[0], turned[0])
    real, imaginary = (np.concatenate([part[i] for part in combined], axis=-1) for i in (0, 1))
    return _wrap((real, imaginary))


def _radix2(a: Complex16, b: Complex16) -> list[Complex16]:
    return [(a[0] + b[0], a[1] + b[1]), (a[0] - b[0], a[1] - b[1])]


def _radix4(a: Complex16, others: list[Complex16]) -> list[Complex16]:
    b, c, d = others
    even, odd = _radix2(a, c)
    total, difference = _radix2(b, d)
    return [
        (even[0] + total[0], even[1] + total[1]),
        (odd[0] + difference[1], odd[1] - difference[0]),
        (even[0] - total[0], even[1] - total[1]),
        (odd[0] - difference[1], odd[1] + difference[0]),
    ]


@cache
def _twiddles(size: int, part: int) -> Complex16:
    """exp(-2πi k part / size) for k below size / radix."""
    radix = 4 if size % 4 == 0 else 2
    return _rounded(-2 * np.pi * np.arange(size // radix) * part / size)


@cache
def _split_twiddles(half: int) -> Complex16:
    return _rounded(-np.pi * (np.arange(1, half // 2 + 1) / half + 0.5))


def _rounded(phase: NDArray[np.float64]) -> Complex16:
    real, imaginary = (np.floor(0.5 + ONE * f(phase)).astype(np.int32) for f in (np.cos, np.sin))
    return real, imaginary


def _round(product: Int32) -> Int32:
    """Back to 15 fractional bits, half up, wrapped to 16 bits."""
    shifted = (product + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    return shifted.astype(np.int16).astype(np.int32)


def _divide(x: Complex16, by: int) -> Complex16:
    return _round(x[0] * (ONE // by)), _round(x[1] * (ONE // by))


def _multiply(a: Complex16, b: Complex16) -> Complex16:
    return _round(a[0] * b[0] - a[1] * b[1]), _round(a[0] * b[1] + a[1] * b[0])


def _wrap(x: Complex16) -> Complex16:
    return x[0].astype(np.int16).astype(np.int32), x[1].astype(np.int16).astype(np.int32)
