"""Integer parameters of requantisation, computed as TensorFlow Lite Micro computes them.

Scales are float32 in the file; products and quotients are taken in double, except where a comment
says otherwise. Sources: tflite-micro `kernels/internal/quantization_util.cc`, `kernel_util.cc`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyssl.graph.model import Model, Quant
from tinyssl.ops.operators import Activation, Add, Mean, Softmax, WeightedOp

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

SUM_MAX = INT32_MAX - 128
"""Largest sum that may be requantised: the output's zero point is added to the result in int32"""

ADD_LEFT_SHIFT = 20
"""Bits by which ADD scales its inputs up before it rescales them"""

SOFTMAX_INTEGER_BITS = 5
"""Differences to the maximum are Q5.26 in SOFTMAX"""


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


def requantise(x: int, multiplier: Multiplier) -> int:
    """x * value * 2^(shift - 31) as TFLM's reference kernels round it: twice.

    First the doubled high half of the product, halves upwards, then the right shift, halves away
    from zero; `tinyssl_requantise` of firmware/kernels/fixed_point.h in Python.
    """
    left, right = max(multiplier.shift, 0), max(-multiplier.shift, 0)
    product = ((x << left) * multiplier.value + 2**30) >> 31
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (1 if product < 0 else 0)
    return (product >> right) + (1 if product & mask > threshold else 0)


def activation_range(activation: Activation, quant: Quant) -> tuple[int, int]:
    """Smallest and largest int8 output of a fused activation."""
    scale, zero = np.float32(quant.scale[0]), quant.zero_point[0]

    def quantise(real: float) -> int:
        # The quotient is taken in float32; halves are rounded up (they are never negative here).
        return zero + math.floor(float(np.float32(real) / scale) + 0.5)

    low = max(INT8_MIN, zero) if activation is not Activation.NONE else INT8_MIN
    high = min(INT8_MAX, quantise(6.0)) if activation is Activation.RELU6 else INT8_MAX
    return low, high


def channel_multipliers(model: Model, op: WeightedOp) -> list[Multiplier]:
    """Accumulator to output, one for each output channel (one in all for per-tensor weights).

    All in double, FULLY_CONNECTED too: older versions of TFLM took that product in float32.
    """
    source, weight = model.quant(op.input), model.quant(op.weight)
    target = model.quant(op.output).scale[0]
    return [quantise_multiplier(source.scale[0] * scale / target) for scale in weight.scale]


@dataclass(frozen=True)
class AddParameters:
    """left and right are scaled to twice the larger scale, the sum to the output's."""

    left: Multiplier
    right: Multiplier
    output: Multiplier


def add_parameters(model: Model, op: Add) -> AddParameters:
    """The three factors of ADD; `output` is below one for a model that passed the verifier."""
    left, right = model.quant(op.left).scale[0], model.quant(op.right).scale[0]
    twice = 2.0 * max(left, right)
    output = twice / (2.0**ADD_LEFT_SHIFT * model.quant(op.output).scale[0])
    return AddParameters(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(output),
    )


def mean_multiplier(model: Model, op: Mean) -> Multiplier:
    """Sum of (q - zero point) to output: input scale / output scale / number of places.

    The division by the count goes into the mantissa and drops the rest, as
    `QuantizedMeanOrSum` of TFLM does.
    """
    scale = model.quant(op.input).scale[0] / model.quant(op.output).scale[0]
    multiplier = quantise_multiplier(scale)
    _, height, width, _ = model.tensor(op.input).shape
    count = height * width
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.shift)
    return Multiplier((multiplier.value << shift) // count, multiplier.shift - shift)


@dataclass(frozen=True)
class SoftmaxParameters:
    """Difference to the maximum -> Q5.26; differences below `diff_min` count as exp = 0."""

    multiplier: Multiplier
    diff_min: int


def softmax_parameters(model: Model, op: Softmax) -> SoftmaxParameters:
    """Scale of the exponent (PreprocessSoftmaxScaling, CalculateInputRadius)."""
    fraction = 31 - SOFTMAX_INTEGER_BITS
    real = float(np.float32(op.beta)) * model.quant(op.input).scale[0] * 2.0**fraction
    multiplier = quantise_multiplier(min(real, 2.0**31 - 1.0))
    radius = (2.0**SOFTMAX_INTEGER_BITS - 1) * 2.0**fraction / 2.0**multiplier.shift
    # At 2^31 only differences of 0 remain, which any shift leaves 0: keep the C shift legal.
    kept = Multiplier(multiplier.value, min(multiplier.shift, 30))
    return SoftmaxParameters(kept, -math.floor(radius))
