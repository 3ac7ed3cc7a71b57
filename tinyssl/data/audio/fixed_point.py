"""Integer square root and logarithm with the roundings of TFLM's Signal operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE_BITS = 16
"""Fractional bits of the logarithm inside"""
SEGMENT_BITS = 7
"""The mantissa's range is cut into 128 segments"""
LN2 = 45_426
"""ln 2 in 16 fractional bits"""


def significant_bits(x: NDArray[Any]) -> NDArray[np.int64]:
    """Position of the highest set bit, from 1; 0 of 0. For values below 2^53."""
    bits: NDArray[np.int64] = np.frexp(x.astype(np.float64))[1].astype(np.int64)
    return bits


def rounded_sqrt(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Square root, rounded to the nearest; 65,535 at most for x below 2^32."""
    root = np.sqrt(x.astype(np.float64)).astype(np.uint64)
    root -= root * root > x  # what the 53 bits of a double got wrong
    root += (root + np.uint64(1)) ** 2 <= x
    up = (x - root * root > root) & ~((x >> np.uint64(32) == 0) & (root == 0xFFFF))
    return np.asarray(root + up.astype(np.uint64))


def _log2_table() -> NDArray[np.int64]:
    """log2(1 + t) - t at the ends of the segments, in 16 fractional bits, and one more."""
    t = np.arange((1 << SEGMENT_BITS) + 1) / (1 << SEGMENT_BITS)
    values = np.round((np.log2(1 + t) - t) * (1 << SCALE_BITS)).astype(np.int64)
    return np.append(values, 0)


_TABLE = _log2_table()


def log_scaled(x: NDArray[np.uint32], scale: int) -> NDArray[np.int16]:
    """`scale` times ln x, rounded; 0 for 0 and 1, at most 32,767."""
    wide = np.maximum(x, 1).astype(np.int64)
    integer = significant_bits(wide) - 1
    fraction = wide - (np.int64(1) << integer)
    fraction = np.where(
        integer < SCALE_BITS,
        fraction << np.maximum(SCALE_BITS - integer, 0),
        fraction >> np.maximum(integer - SCALE_BITS, 0),
    )
    segment = fraction >> (SCALE_BITS - SEGMENT_BITS)
    start, end = _TABLE[segment], _TABLE[segment + 1]
    # the slope's product is shifted as if a segment were the whole range: so does the original
    position = fraction - (segment << (SCALE_BITS - SEGMENT_BITS))
    log2 = (integer << SCALE_BITS) + fraction + start + (((end - start) * position) >> SCALE_BITS)
    half = 1 << (SCALE_BITS - 1)
    natural = (LN2 * log2 + half) >> SCALE_BITS
    scaled = ((scale * natural) + half) >> SCALE_BITS
    return np.where(x > 1, np.minimum(scaled, 32767), 0).astype(np.int16)
