"""Functions in fixed point as TFLM's kernels compute them: gemmlowp `fixedpoint/fixedpoint.h`.

Qm.n: m integer bits, n fraction bits, and the sign; m + n = 31. All in exact integers of Python.
"""

from __future__ import annotations

from tinyssl.ops.common.fixed_point import (
    INT32_MAX,
    Multiplier,
    high_product,
    saturate,
    shift_right,
)

HALF = 2**30
"""1/2 in Q0.31"""
ONE_Q2 = 2**29
"""1 in Q2.29"""
EXP_FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
"""exp(-2^k) in Q0.31 for k = -2 to 4"""


def exp_negative(x: int, integer_bits: int) -> int:
    """exp(x) in Q0.31, for x <= 0 in Q`integer_bits`, which is at most 5."""
    if x == 0:
        return INT32_MAX
    quarter = 1 << (29 - integer_bits)
    part = (x & (quarter - 1)) - quarter
    rest = part - x
    result = _exp_quarter(part << integer_bits)
    for at, factor in enumerate(EXP_FACTORS[: integer_bits + 2]):
        if rest & (quarter << at):
            result = high_product(result, factor)
    return result


def _exp_quarter(x: int) -> int:
    """exp(x) in Q0.31 for x in [-1/4, 0), Q0.31: Taylor series of degree 4 around -1/8."""
    exp_minus_eighth, third = 1895147668, 715827883
    d = x + 2**28
    d2 = high_product(d, d)
    d3, d4 = high_product(d2, d), high_product(d2, d2)
    tail = shift_right(high_product(shift_right(d4, 2) + d3, third) + d2, 1)
    return saturate(exp_minus_eighth + high_product(d + tail, exp_minus_eighth))


def _reciprocal(x: int) -> int:
    """2 / (1 + x) in Q2.29 for x in [0, 1), Q0.31: three Newton steps."""
    half = (x + INT32_MAX + 1) // 2
    y = 1515870810 + high_product(-1010580540, half)
    for _ in range(3):
        y = saturate(y + 4 * high_product(y, ONE_Q2 - high_product(y, half)))
    return y


def one_over_one_plus(x: int) -> int:
    """1 / (1 + x) in Q0.31 for x in [0, 1), Q0.31."""
    return saturate(2 * _reciprocal(x))


def logistic(x: int, integer_bits: int) -> int:
    """1 / (1 + exp(-x)) in Q0.31, for x in Q`integer_bits`."""
    if x == 0:
        return HALF
    positive = one_over_one_plus(exp_negative(-abs(x), integer_bits))
    return positive if x > 0 else INT32_MAX - positive


def tanh(x: int, integer_bits: int) -> int:
    """The hyperbolic tangent in Q0.31, for x in Q`integer_bits`, which is at most 4."""
    if x == 0:
        return 0
    power = exp_negative(-abs(x), integer_bits + 1)
    positive = saturate(4 * (_reciprocal(power) - ONE_Q2))
    return positive if x > 0 else -positive


def inverse_sqrt(x: int) -> Multiplier:
    """1 / sqrt(x) for x > 0: five Newton steps in Q3.28 (GetInvSqrtQuantizedMultiplierExp)."""
    if x == 1:
        return Multiplier(INT32_MAX, 0)
    right = 11
    while x >= 2**29:
        x, right = x // 4, right + 1
    pairs = (31 - x.bit_length()) // 2 - 1
    y = _newton_inverse_sqrt((x << 2 * pairs) >> 1)
    right -= pairs
    return Multiplier(y << max(-right, 0), -max(right, 0))


def _newton_inverse_sqrt(x: int) -> int:
    """1 / sqrt(2 x) in Q3.28, for x in [1/4, 1), Q3.28."""
    half, three_halves, half_root_two = shift_right(x, 1), 3 * 2**27, 1518500250
    y = 2**28
    for _ in range(5):
        cube = saturate(high_product(high_product(y, y), y) << 6)
        y = saturate((high_product(three_halves, y) - high_product(half, cube)) << 3)
    return high_product(y, half_root_two)
