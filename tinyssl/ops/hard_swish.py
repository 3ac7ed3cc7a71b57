"""HARD_SWISH: x * relu6(x + 3) / 6."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation_error import function_gradient
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier, shift_right
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.table import INPUTS, clamp_int8, table_kernel
from tinyssl.ops.common.unary import Int8Op, float_kernel, unary_spec
from tinyssl.ops.training.hard_swish_error import HardSwishError

INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1
INPUT_BITS = 7
"""Bits by which the input is scaled up"""


@dataclass(frozen=True, kw_only=True)
class HardSwish(Int8Op):
    """int8 in 16-bit fixed point, as tflite-micro `reference/hard_swish.h`."""

    kind: ClassVar[str] = "HARD_SWISH"


INT16_SHIFT_MAX = 15


@dataclass(frozen=True)
class _HardSwishFactors:
    """Of the input in steps of scale / 128: `value` is Q15."""

    output: Multiplier
    gate: Multiplier
    """To steps of 3 / 2^15"""


def _factors(model: Model, op: HardSwish) -> _HardSwishFactors:
    step = np.float32(1 / 128) * np.float32(model.quant(op.input).scale[0])
    output = np.float32(model.quant(op.output).scale[0])
    return _HardSwishFactors(_narrow(step / output), _narrow(step / np.float32(3 / 32768)))


def _narrow(real: np.float32) -> Multiplier:
    """A multiplier of 16 bits (DownScaleInt32ToInt16Multiplier)."""
    wide = quantise_multiplier(float(real))
    return Multiplier(min((wide.value + 2**15) >> 16, INT16_MAX), wide.shift)


def _check(check: OpCheck[HardSwish]) -> None:
    """TFLM shifts the output to the right only, and its mask of the bits that go is an int16."""
    if check.tensor(check.op.input).dtype is not DType.INT8:
        return
    shift = _factors(check.model, check.op).output.shift
    if shift > 0:
        raise check.violation("the output scale is below 1/128 of the input's")
    if shift < -INT16_SHIFT_MAX:
        raise check.unsupported("the output scale is 256 times the input's, or more")


def _saturate(x: int) -> int:
    return min(max(x, INT16_MIN), INT16_MAX)


def _product(a: int, b: int) -> int:
    """Of two Q15 numbers, halves upwards; it saturates."""
    return _saturate((a * b + 2**14) >> 15)


def _gate(x: int, factor: Multiplier) -> int:
    """relu6(x + 3) / 6 in Q15, of an input in steps of scale / 128."""
    y = x
    if factor.shift > 0:
        y = _saturate(y << (factor.shift - 1))
    y = _product(y, factor.value)
    if factor.shift > 0:
        y = _saturate(y << 1)
    if factor.shift < 0:
        y = shift_right(y, -factor.shift)
    return (y + 2**15) >> 1


def _outputs(model: Model, op: HardSwish) -> list[int]:
    factors = _factors(model, op)
    zero, out_zero = zero_point(model, op.input), zero_point(model, op.output)

    def output(x: int) -> int:
        product = _gate(x, factors.gate) * _product(x, factors.output.value)
        towards_zero = abs(product) >> 15
        y = towards_zero if product >= 0 else -towards_zero
        return clamp_int8(shift_right(y, -factors.output.shift) + out_zero)

    return [output((q - zero) << INPUT_BITS) for q in INPUTS]


_FUNCTION = unary_spec(
    HardSwish,
    (table_kernel(_outputs), float_kernel("hard_swish", "exact_f32")),
    TflmNames("AddHardSwish", "hard_swish"),
    checks=(_check,),
)
SPEC = replace(_FUNCTION, gradient=function_gradient(HardSwishError, of_input=True))
