"""LOGISTIC and TANH in integers: int8 by fixed point, int16 between the points of one table.

Source: tflite-micro `kernels/logistic_common.cc`, `kernels/tanh.cc`,
`kernels/internal/reference/integer_ops/{logistic,tanh}.h`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, Multiplier, requantise
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Array, Constants, Fields
from tinyssl.ops.common.table import INPUTS, clamp_int8
from tinyssl.ops.common.unary import reads

Q4_BITS = 4
"""Integer bits of int8's real input"""
Q3_BITS = 3
"""Integer bits of int16's"""
FRACTION_BITS = 15
"""Of int16's output"""
POINTS_PER_UNIT = 24
"""Of the table: 256 points from 0 to 10.6"""
POWER_TOLERANCE = 1e-3
"""In the logarithm of a scale that counts as a power of two"""


def sigmoid_table(model: Model, op: UnaryOp, function: Callable[[int], int]) -> list[int]:
    """Outputs of an int8 function of a number in Q4.27; beyond 15 they are the ends of int8.

    Args:
        model: A verified model.
        op: The operator.
        function: Q4.27 to the output before it is clamped.
    """
    quant = model.quant(op.input)
    mantissa, shift = math.frexp(quant.scale[0] * 2.0 ** (31 - Q4_BITS))
    multiplier = Multiplier(math.floor(mantissa * 2**31 + 0.5), shift)
    radius = math.floor((2.0**Q4_BITS - 1) * 2.0 ** (31 - Q4_BITS) / 2.0**shift)

    def output(x: int) -> int:
        if x <= -radius:
            return INT8_MIN
        return INT8_MAX if x >= radius else clamp_int8(function(requantise(x, multiplier)))

    return [output(q - quant.zero_point[0]) for q in INPUTS]


@cache
def sigmoid_points() -> tuple[int, ...]:
    """2^16 / (1 + exp(-i / 24)), moved so that lines between them err as much up as down.

    The last one is the end of uint16.
    """

    def real(i: float) -> float:
        return float(2**16 / (1 + math.exp(-i / POINTS_PER_UNIT)))

    def point(i: int) -> int:
        error = real(i + 0.5) - (real(i) + real(i + 1)) / 2
        return math.floor(real(i) + error / 2 + 0.5)

    return (*map(point, range(255)), 2**16 - 1)


def sigmoid_array(constants: Constants) -> str:
    """Name of the table of `sigmoid_points`, one for all operators."""
    values = np.array(sigmoid_points())
    comment = "sigmoid from 0 in steps of 1/24"
    return constants.intern(Array("sigmoid", "uint16_t", values, values.shape, comment))


def _power(scale: float) -> int | None:
    """Logarithm of a scale that is a power of two, nearly; None for another (CheckedLog2)."""
    exact = math.log2(scale)
    nearest = round(exact)
    return nearest if abs(exact - nearest) < POWER_TOLERANCE else None


def _input_factor(model: Model, op: UnaryOp, powers: tuple[int, ...]) -> Multiplier:
    """Input to three times a number in Q3.12, as an integer and a right shift.

    Args:
        model: A verified model.
        op: The operator.
        powers: Left shifts for which a scale that is a power of two is taken as exact.
    """
    scale = model.quant(op.input).scale[0]
    power = _power(scale)
    if power is not None and power + FRACTION_BITS - Q3_BITS in powers:
        return Multiplier(3 << (power + FRACTION_BITS - Q3_BITS), 0)
    real, shift = scale * 2.0 ** (FRACTION_BITS - Q3_BITS) * 3.0, 0
    while real <= (2**15 - 1) / 2 and shift <= 30:
        real, shift = real * 2, shift + 1
    return Multiplier(int(real), shift)


def check_fraction(check: OpCheck[UnaryOp]) -> None:
    """The int16 output has scale 2^-15, and three times the input in Q3.12 fits int32."""
    op = check.op
    if check.tensor(op.input).dtype is not DType.INT16:
        return
    scale = check.quant(op.output).scale[0]
    if _power(scale) != -FRACTION_BITS:
        raise check.violation(f"output has scale {scale:g}; it must be 2^-{FRACTION_BITS}")
    factor = _input_factor(check.model, op, ())
    if (factor.value << FRACTION_BITS) + (1 << factor.shift) > INT32_MAX or factor.shift > 30:
        raise check.unsupported(
            f"the input scale {check.quant(op.input).scale[0]:g} is beyond 2^-29 to 5"
        )


def sigmoid_kernel(name: str, powers: tuple[int, ...]) -> Kernel[Any]:
    """The int16 kernel of LOGISTIC or TANH.

    Args:
        name: Of the function, in lower case.
        powers: As `_input_factor` takes them.
    """

    def params(model: Model, op: UnaryOp, constants: Constants) -> Fields:
        """Members of `struct tinyssl_sigmoid`."""
        factor = _input_factor(model, op, powers)
        return {
            "size": model.tensor(op.input).elements,
            "table": sigmoid_array(constants),
            "multiplier": factor.value,
            "shift": factor.shift,
        }

    return Kernel(
        f"{name}_s16",
        "tinyssl_sigmoid",
        source="sigmoid_s16",
        supports=partial(reads, DType.INT16),
        make_params=params,
        overlaps=elementwise,
    )
