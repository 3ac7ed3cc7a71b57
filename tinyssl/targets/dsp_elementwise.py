"""Proofs and parameters of ADD and MEAN for the DSP extension of Armv7E-M."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.add import Add, same_shape_int8
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    INT32_MIN,
    Multiplier,
    requantise,
)
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.common.scaled import sum_scaling
from tinyssl.ops.mean import Mean, image_mean
from tinyssl.targets.requantise import START_LIMIT, channel_fits

ADD_SHIFTS = (20, 14)
"""Bits of fraction of ADD's sum, the fastest first; fewer where the sum needs more bits above"""

ADD_HEADROOM = 20
"""Bits by which the reference scales the inputs of ADD up"""

REACH = 6
"""Last places by which a factor is moved where the nearest one does not do"""

LANES = 4
"""Channels of a word"""

STEPS = sorted(
    ((x, y) for x in range(-REACH, REACH + 1) for y in range(-REACH, REACH + 1)),
    key=lambda step: abs(step[0]) + abs(step[1]),
)
"""Such moves of both factors, the smallest first"""

INPUTS: NDArray[np.int64] = np.arange(INT8_MIN, INT8_MAX + 1)
"""All values of an int8"""


@dataclass(frozen=True)
class AddScales:
    """What ADD's output depends on beside its inputs."""

    left: Multiplier
    right: Multiplier
    output: Multiplier
    left_zero: int
    right_zero: int
    out_zero: int
    low: int
    high: int


@dataclass(frozen=True)
class AddFactors:
    """(start + left * q_left / 2^8 + right * q_right / 2^8) / 2^shift, each quotient downwards."""

    left: int
    right: int
    start: int
    shift: int


def add_scales(model: Model, op: Add) -> AddScales:
    """The three rescalings, zero points and the clamp of an ADD."""
    factors = sum_scaling(model, op)
    target = model.quant(op.output)
    return AddScales(
        factors.left,
        factors.right,
        factors.output,
        model.quant(op.left).zero_point[0],
        model.quant(op.right).zero_point[0],
        target.zero_point[0],
        *activation_range(op.activation, target),
    )


def add_outputs(scales: AddScales) -> NDArray[np.int64]:
    """What the reference gives for every pair of inputs, (256, 256): left, right."""
    left = requantise((INPUTS - scales.left_zero) << ADD_HEADROOM, scales.left)
    right = requantise((INPUTS - scales.right_zero) << ADD_HEADROOM, scales.right)
    sums = requantise(left[:, None] + right, scales.output)
    return np.clip(sums + scales.out_zero, scales.low, scales.high)


@cache
def add_factors(scales: AddScales) -> AddFactors | None:
    """Factors and start that give the reference's output for all 65,536 pairs; None: not found.

    The factors are the real ones to the last place. For given factors the starts that do are an
    interval, found from all pairs; its middle is taken. Ratios of scales that put sums exactly on
    halves have none, as the reference rounds those away from zero.
    """
    expected = add_outputs(scales)
    output = _real(scales.output) * 2.0 ** (ADD_HEADROOM + 8)
    for shift in ADD_SHIFTS:
        left, right = (
            round(_real(side) * output * 2.0**shift) for side in (scales.left, scales.right)
        )
        if max(left, right) + REACH <= INT32_MAX:
            limits = _limits(expected, shift, scales)
            for x, y in _moves(limits, left, right):
                start = _start(limits, left + x, right + y)
                if start is not None:
                    return AddFactors(left + x, right + y, start, shift)
    return None


def _real(multiplier: Multiplier) -> float:
    return multiplier.value * 2.0 ** (multiplier.shift - 31)


@dataclass(frozen=True)
class Limits:
    """Pairs of inputs, and the smallest and largest sum that gives each the reference's output."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    least: NDArray[np.int64]
    most: NDArray[np.int64]

    def start_range(self, left: int, right: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Smallest and largest start that each pair allows."""
        sums = (left * self.left >> 8) + (right * self.right >> 8)
        return self.least - sums, self.most - sums


def _limits(expected: NDArray[np.int64], shift: int, scales: AddScales) -> Limits:
    """Of all pairs. A sum stays in int32, however far beyond the clamp its output lies."""
    left, right = (side.ravel() for side in np.meshgrid(INPUTS, INPUTS, indexing="ij"))
    outputs = expected.ravel()
    least = np.where(outputs <= scales.low, INT32_MIN, outputs << shift)
    most = np.where(outputs >= scales.high, INT32_MAX, ((outputs + 1) << shift) - 1)
    return Limits(left, right, least, most)


def _moves(limits: Limits, left: int, right: int) -> Iterator[tuple[int, int]]:
    """The moves that may do: those for which the pairs that decide allow a common start."""
    least, most = limits.start_range(left, right)
    change = 2 * (REACH + 2)  # half a move of each factor, rounded, on both sides
    decides = (least >= least.max() - change) | (most <= most.min() + change)
    few = Limits(*(values[decides] for values in astuple(limits)))
    for x, y in STEPS:
        low, high = few.start_range(left + x, right + y)
        if low.max() <= high.min():
            yield x, y


def _start(limits: Limits, left: int, right: int) -> int | None:
    """The middle of the starts that all pairs allow; None: there is none in int32."""
    if min(left, right) < 0:
        return None
    least, most = limits.start_range(left, right)
    low, high = max(int(least.max()), -INT32_MAX), min(int(most.min()), INT32_MAX)
    return (low + high) // 2 if low <= high else None


def add_fits(model: Model, op: Add) -> bool:
    """An ADD of one shape for which factors are found."""
    return same_shape_int8(model, op) and add_factors(add_scales(model, op)) is not None


def add(model: Model, op: Add, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_add_dsp`."""
    return factor_fields(model, op)


def factor_fields(model: Model, op: Add) -> Fields:
    """The same, of an ADD for which factors are found."""
    scales = add_scales(model, op)
    factors = add_factors(scales)
    if factors is None:
        raise ValueError(f"{op.label}: no factors give the reference's outputs")
    left, right, start, shift = astuple(factors)
    return {
        "size": model.tensor(op.output).elements,
        "left_factor": left,
        "right_factor": right,
        "start": start,
        "shift": shift,
        "out_min": scales.low,
        "out_max": scales.high,
    }


def _mean_reach(model: Model, op: Mean) -> tuple[int, int]:
    """Places, and the largest size of the sum of their distances to the zero point."""
    _, height, width, _ = model.tensor(op.input).shape
    zero = model.quant(op.input).zero_point[0]
    return height * width, height * width * max(zero - INT8_MIN, INT8_MAX - zero)


def mean_fits(model: Model, op: Mean) -> bool:
    """A MEAN of at least four channels, in the range of the kernels' requantisation."""
    if not image_mean(model, op) or model.tensor(op.input).shape[-1] < LANES:
        return False
    places, reach = _mean_reach(model, op)
    out_zero = model.quant(op.output).zero_point[0]
    start = places * model.quant(op.input).zero_point[0]
    return abs(start) < START_LIMIT and channel_fits(reach, mean_multiplier(model, op), out_zero)


def mean(model: Model, op: Mean, constants: Constants) -> Fields:
    """Members of `struct tinyssl_mean_dsp`."""
    places, _ = _mean_reach(model, op)
    multiplier = mean_multiplier(model, op)
    start = -places * model.quant(op.input).zero_point[0]
    return {
        "places": places,
        "channels": model.tensor(op.input).shape[-1],
        "word": start * 256 + (-multiplier.shift - 1),
        "multiplier": multiplier.value,
        "out_zero": model.quant(op.output).zero_point[0],
    }
