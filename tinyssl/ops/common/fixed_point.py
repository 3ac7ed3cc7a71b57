"""Integer parameters of requantisation, computed as TensorFlow Lite Micro computes them.

Scales are float32 in the file; products and quotients are taken in double, except where a comment
says otherwise. Sources: tflite-micro `kernels/internal/quantization_util.cc`, `kernel_util.cc`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Whole = TypeVar("Whole", int, NDArray[np.int64])
"""A number, or an array of them"""

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

SUM_MAX = INT32_MAX - 128
"""Largest sum that may be requantised: the output's zero point is added to the result in int32"""


SHIFT_MAX = 30
"""Largest left shift of the C"""


@dataclass(frozen=True)
class Multiplier:
    """A positive real number as value * 2^(shift - 31).

    `value` is 0 or in [2^30, 2^31); `shift` in [-31, 30], positive shifts left.
    """

    value: int
    shift: int


def quantise_multiplier(real: float) -> Multiplier:
    """A real number as a 31-bit mantissa and a shift; below 2^-32 it becomes 0.

    Args:
        real: Finite and not negative.
    """
    mantissa, shift = math.frexp(real)
    value = math.floor(mantissa * 2**31 + 0.5)
    if value == 2**31:
        value, shift = 2**30, shift + 1
    if value == 0 or shift < -31:
        return Multiplier(0, 0)
    return Multiplier(value, shift)


def high_product(a: int, b: int) -> int:
    """Half of the product of two Q31 numbers, halves upwards; it saturates."""
    return min((a * b + 2**30) >> 31, INT32_MAX)


def shift_right(x: Whole, shift: int) -> Whole:
    """x / 2^shift, halves away from zero."""
    mask = (1 << shift) - 1
    return (x >> shift) + ((x & mask) > (mask >> 1) + (x < 0))


def saturate(x: int) -> int:
    """The nearest int32."""
    return min(max(x, INT32_MIN), INT32_MAX)


def requantise(x: Whole, multiplier: Multiplier) -> Whole:
    """x * value * 2^(shift - 31) as TFLM's reference kernels round it: twice.

    First the doubled high half of the product, halves upwards, then the right shift, halves away
    from zero; `tinyssl_requantise` of firmware/kernels/fixed_point.h in Python.
    """
    left, right = max(multiplier.shift, 0), max(-multiplier.shift, 0)
    return shift_right(((x << left) * multiplier.value + 2**30) >> 31, right)
