"""Accumulator to int8 in the kernels for the DSP extension: table, bounds, and proof.

The kernels sum doubled inputs, so sums come doubled, and requantise in four or five instructions
(`tinyssl_requantise_relu`, `tinyssl_requantise_signed` of firmware/kernels/dsp.h). They hold for a
layer only where `requantise_fits` proves that this gives what the reference gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.conv import Convolution, group_count
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, Multiplier, requantise
from tinyssl.ops.common.params import Constants
from tinyssl.ops.common.weights import (
    WeightedOp,
    channel_multipliers,
    input_range,
    signed_sums,
    sums_fit,
)
from tinyssl.ops.common.window import has_short_sides

SUM_LIMIT = 2**30
"""The kernels hold the sum doubled, so sums must stay below"""

START_LIMIT = 2**23
"""The start of a sum is kept in 24 bits, beside the shift"""

FEW = 4
"""Input channels up to which a depthwise convolution without a kernel of its own is one of filters
that read them all, most with a weight of 0: so many products in place of one are still faster"""

SHIFT_MAX = 31
"""Right shift; the kernel shifts by one less, then by one in SSAT"""


@dataclass(frozen=True)
class Channels:
    """A layer as the kernels see it: raw int8 inputs, the zero point folded into the start."""

    rows: NDArray[np.int8]
    """Weights (channels, taps)"""
    starts: tuple[int, ...]
    """What each sum starts from: bias - zero point * weights"""
    multipliers: tuple[Multiplier, ...]
    constant: bool
    """Some channels never change and were replaced by their value: `rows` are not the tensor's"""


def filter_shape(model: Model, op: WeightedOp) -> tuple[int, int, int, int]:
    """Channels, rows, columns and depth of filters that read all input channels."""
    shape = model.tensor(op.weight).shape
    if len(shape) == 2:
        return shape[0], 1, 1, shape[1]
    first, height, width, last = shape
    if op.channel_axis == 3:
        return last, height, width, model.tensor(op.inputs[0]).shape[3]
    return first, height, width, last


def filter_rows(model: Model, op: WeightedOp) -> NDArray[np.int8]:
    """Weights of filters that read all input channels, as `channels` gives them.

    A filter of a depthwise convolution has zeros where it reads nothing.

    Returns:
        int8, (channels, taps times input channels).
    """
    rows = channels(model, op).rows
    count, *_, depth = filter_shape(model, op)
    if op.channel_axis != 3 or depth == 1:
        return rows
    spread = np.zeros((*rows.shape, depth), np.int8)
    spread[np.arange(count), :, np.arange(count) * depth // count] = rows
    return spread.reshape(count, -1)


def channels(model: Model, op: WeightedOp) -> Channels:
    """Folds the zero point of the input, and the channels whose output no input changes.

    Such channels come from training (dead after a ReLU) and hold the largest biases there are, up
    to 2^30: they become weights of 0 and a start that gives the value. Where two values are left, a
    start that is too large for the table may be exchanged for a smaller one.
    """
    weight = np.asarray(model.tensor(op.weight).array(), np.int8)
    axis = op.channel_axis
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1).copy()
    found = channel_multipliers(model, op)
    multipliers = found if len(found) == len(rows) else found * len(rows)
    zero = model.quant(op.input).zero_point[0]
    bias = [0] * len(rows)
    if op.bias is not None:
        bias = [int(value) for value in np.asarray(model.tensor(op.bias).array()).ravel()]
    starts = [
        value - zero * int(row.sum(dtype=np.int64)) for value, row in zip(bias, rows, strict=True)
    ]
    low, high = _activation(model, op)
    zero = model.quant(op.output).zero_point[0]
    folded = False
    for index, bounds in enumerate(sum_bounds(starts, rows)):
        first, last = (
            min(max(requantise(value, multipliers[index]) + zero, low), high) for value in bounds
        )
        if first == last:  # requantisation is monotone
            starts[index], multipliers[index] = 4 * (first - zero), Multiplier(2**30, -1)
            rows[index], folded = 0, True
        elif abs(starts[index]) >= START_LIMIT and last == first + 1:
            smaller = smaller_start(starts[index], bounds, multipliers[index], last - zero)
            starts[index], multipliers[index] = smaller or (starts[index], multipliers[index])
    return Channels(rows, tuple(starts), tuple(multipliers), folded)


def smaller_start(
    start: int, bounds: tuple[int, int], multiplier: Multiplier, upper: int
) -> tuple[int, Multiplier] | None:
    """The same channel from a start within START_LIMIT, where its output has two values alone.

    A larger multiplier needs a smaller start to reach the same outputs. With one threshold between
    the two values, which input passes it is all that counts: the start is moved so that the
    threshold lies where it lay, and both ends of the sums are checked.

    Args:
        start: Too large a start.
        bounds: Smallest and largest sum.
        multiplier: Of the channel.
        upper: The larger output, less the zero point.

    Returns:
        Start and multiplier; None where no larger multiplier does.
    """
    low, high = bounds
    threshold = _threshold(upper, multiplier)
    for shift in range(multiplier.shift + 1, 0):
        steeper = Multiplier(multiplier.value, shift)
        moved = _threshold(upper, steeper) - threshold
        kept = (
            requantise(low + moved, steeper) == requantise(low, multiplier) == upper - 1
            and requantise(high + moved, steeper) == requantise(high, multiplier) == upper
        )
        if not kept:
            return None
        if abs(start + moved) < START_LIMIT:
            return start + moved, steeper
    return None


def _threshold(output: int, multiplier: Multiplier) -> int:
    """The smallest sum that gives an output or more."""
    low, high = -SUM_LIMIT, SUM_LIMIT
    while low < high:
        middle = (low + high) // 2
        if requantise(middle, multiplier) >= output:
            high = middle
        else:
            low = middle + 1
    return low


def sum_bounds(
    starts: Sequence[int], rows: NDArray[np.int8], inputs: tuple[int, int] = (INT8_MIN, INT8_MAX)
) -> list[tuple[int, int]]:
    """Smallest and largest sum of each channel, exact: both are reached.

    Args:
        starts: Of the channels.
        rows: Their weights.
        inputs: Smallest and largest input.
    """
    positive, negative = signed_sums(rows)
    least, greatest = inputs
    low = positive * least + negative * greatest
    high = positive * greatest + negative * least
    return [
        (start + int(least), start + int(most))
        for start, least, most in zip(starts, low, high, strict=True)
    ]


def _activation(model: Model, op: WeightedOp) -> tuple[int, int]:
    return activation_range(op.activation, model.quant(op.output))


def clamp(model: Model, op: WeightedOp) -> tuple[int, int]:
    """The fused activation; int8's own end where no sum gets past the activation's.

    A kernel that finds int8's range here needs no pass for the activation.
    """
    layer = channels(model, op)
    zero = model.quant(op.output).zero_point[0]
    low, high = _activation(model, op)
    outputs = [
        requantise(value, multiplier) + zero
        for bounds, multiplier in zip(
            sum_bounds(layer.starts, layer.rows), layer.multipliers, strict=True
        )
        for value in bounds
    ]
    return INT8_MIN if min(outputs) >= low else low, INT8_MAX if max(outputs) <= high else high


def needs_sign(model: Model, op: WeightedOp) -> bool:
    """Whether negative halves must be rounded as the reference does: `tinyssl_requantise_signed`.

    Not where the clamp begins at the zero point (a fused ReLU or ReLU6): what is negative before
    the zero point is added gives the clamp's end either way.
    """
    return _activation(model, op)[0] < model.quant(op.output).zero_point[0]


def raised_starts(layer: Channels, raise_by: int) -> list[int]:
    """What sums start from where the kernel adds a number to each input."""
    return [
        start - raise_by * int(row.sum(dtype=np.int64))
        for start, row in zip(layer.starts, layer.rows, strict=True)
    ]


def reads_all_channels(model: Model, op: Convolution) -> bool:
    """Whether all filters read all input channels, or those of a depthwise one may as well."""
    return op.channel_axis == 0 or model.tensor(op.input).shape[3] <= FEW


def is_plain(model: Model, op: WeightedOp) -> bool:
    """int8 activations whose sums fit int32.

    Of a convolution, one image with short sides, and groups of one or all channels.
    """
    source = model.tensor(op.input)
    if source.dtype is not DType.INT8 or not sums_fit(model, op):
        return False
    if not isinstance(op, Convolution):
        return True
    one_group = op.channel_axis == 3 or group_count(model, op) == 1
    return source.shape[0] == 1 and has_short_sides(model, op) and one_group


def requantise_fits(
    model: Model,
    op: WeightedOp,
    *,
    raise_by: int = 0,
    raise_output: int = 0,
    steep: bool = False,
    signed_steep: bool = False,
) -> bool:
    """Proof, channel by channel, that both forms of requantisation are exact in int32.

    Needed is a layer of int8 on one image, without groups, and over all inputs that the operator
    before can give: |sum| < 2^30; a right shift of 1 to 31; product, rounding and zero point
    together in int32; |start| < 2^23. The sum may pass int32 on its way, as it is taken modulo
    2^32.

    Args:
        model: A model.
        op: One of its operators.
        raise_by: What the kernel adds to each input.
        raise_output: What it adds to the output's zero point.
        steep: Its form without the sign takes multipliers of 1/2 and more too, which shift by 0.
        signed_steep: So does its form with the sign.
    """
    if not is_plain(model, op):
        return False
    layer = channels(model, op)
    zero = model.quant(op.output).zero_point[0] + raise_output
    least = 0 if signed_steep or (steep and not needs_sign(model, op)) else 1
    bounds = sum_bounds(layer.starts, layer.rows, input_range(model, op.input))
    return all(abs(start) < START_LIMIT for start in raised_starts(layer, raise_by)) and all(
        channel_fits(max(-low, high), multiplier, zero, least)
        for (low, high), multiplier in zip(bounds, layer.multipliers, strict=True)
    )


def channel_fits(reach: int, multiplier: Multiplier, zero: int, least: int = 1) -> bool:
    """The same for one channel whose sums stay within -reach and reach; `least`: of the shift."""
    shift = -multiplier.shift
    if reach >= SUM_LIMIT or not least <= shift <= SHIFT_MAX:
        return False
    product = (reach * multiplier.value + 2**30) >> 31
    return product + 1 + abs((zero << shift) + (1 << shift >> 1)) <= INT32_MAX


def channel_table(
    model: Model,
    op: WeightedOp,
    constants: Constants,
    *,
    raise_by: int = 0,
    multiple: int = 1,
    less: int = 0,
) -> str:
    """Name of int32 [channels][2]: start * 2^8 + shift, multiplier in Q31.

    Args:
        model: A model.
        op: One of its operators.
        constants: Gets the table.
        raise_by: What the kernel adds to each input.
        multiple: Of which the table's channels are; zeros beyond the layer's.
        less: What is taken off the shift.
    """
    layer = channels(model, op)
    words = [
        word
        for start, multiplier in zip(raised_starts(layer, raise_by), layer.multipliers, strict=True)
        for word in (start * 256 + (-multiplier.shift - less), multiplier.value)
    ]
    words += [0, 0] * (-len(layer.rows) % multiple)
    return constants.table("channel", op, "int32_t", words)
