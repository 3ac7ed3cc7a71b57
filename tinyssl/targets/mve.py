"""Layouts and parameters of the kernels for Arm's M-profile Vector Extension.

The kernels sum raw int8 inputs and requantise four channels at a time. They hold for an operator
only where `requantise.requantise_fits` proves it; all other operators get the reference kernel.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.fixed_point import INT8_MIN
from tinyssl.ops.common.params import Array, Constants, Fields, prefix_fields
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected, count_rows
from tinyssl.targets.pointwise import Pointwise, is_pointwise, pixel_grid
from tinyssl.targets.requantise import (
    channels,
    clamp,
    filter_rows,
    filter_shape,
    needs_sign,
    raised_starts,
    reads_all_channels,
    requantise_fits,
)

QUAD = 4
"""Channels that are requantised together"""

BLOCK = 16
"""Channels of a depthwise convolution that are summed together"""

BLOCK_ORDER = (0, 2, 1, 3)
"""Quad k of a block holds its channels 4 i + BLOCK_ORDER[k]: even bytes are widened first"""


def table_words(starts: NDArray[np.int64], multipliers: NDArray[np.int64]) -> NDArray[np.int32]:
    """A channel table, from the starts and the multipliers (value, shift) of its channels.

    A word holds the start and, in its low byte, the shift as VRSHL takes it: below 0 to the right,
    from the low byte of a lane alone.

    Args:
        starts: (..., 4).
        multipliers: (..., 4, 2): Q31, and a shift in [-31, 0].

    Returns:
        (..., 2, 4): words, multipliers.
    """
    words = starts * 256 + (multipliers[..., 1] & 0xFF)
    return np.stack([words, multipliers[..., 0]], axis=-2).astype(np.int32)


def quad_table(starts: NDArray[np.int64], multipliers: NDArray[np.int64]) -> NDArray[np.int32]:
    """`table_words` of starts (channels) and multipliers (channels, 2), padded with zeros."""
    spare = -len(starts) % QUAD
    return table_words(
        np.pad(starts, (0, spare)).reshape(-1, QUAD),
        np.pad(multipliers, ((0, spare), (0, 0))).reshape(-1, QUAD, 2),
    )


def requantise_table(
    model: Model, op: WeightedOp, raise_by: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts (channels) and multipliers (channels, 2) for `table_words`.

    Args:
        model: A model.
        op: One of its operators.
        raise_by: What the kernel adds to each input.
    """
    layer = channels(model, op)
    pairs = [(multiplier.value, multiplier.shift) for multiplier in layer.multipliers]
    return np.array(raised_starts(layer, raise_by), np.int64), np.array(pairs, np.int64)


def weights_name(role: str, model: Model, op: WeightedOp) -> str:
    """Name of weights: those of one tensor are shared where they are the tensor's."""
    own = f"_{model.position(op)}" if channels(model, op).constant else ""
    return f"{role}_{op.weight}{own}"


def output_fields(model: Model, op: WeightedOp) -> Fields:
    """Members `out_zero` to `sign` of `struct tinyssl_product_mve`."""
    low, high = clamp(model, op)
    return {
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
        "sign": int(needs_sign(model, op)),
    }


def product(model: Model, op: WeightedOp, constants: Constants) -> Fields:
    """Members of `struct tinyssl_product_mve`."""
    rows = filter_rows(model, op)
    starts, multipliers = requantise_table(model, op)
    table = quad_table(starts, multipliers)
    text = model.tensor(op.weight).name
    weight = Array(weights_name("rows", model, op), "int8_t", rows.ravel(), rows.shape, text)
    words = Array(constants.name("channel", op), "int32_t", table.ravel(), table.shape, op.label)
    return {
        "weight": constants.intern(weight),
        "channel": constants.intern(words),
        "depth": rows.shape[1],
        "out_c": rows.shape[0],
        "out_pitch": rows.shape[0],
        **output_fields(model, op),
    }


def in_range(model: Model, op: WeightedOp) -> bool:
    """Proved; without the sign VRSHL may shift by 0."""
    return requantise_fits(model, op, steep=True)


def pointwise_fits(model: Model, op: Pointwise) -> bool:
    """Pixel by pixel, in range."""
    return is_pointwise(model, op) and in_range(model, op)


def pointwise(model: Model, op: Pointwise, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_1x1_mve`."""
    grid = pixel_grid(model, op)
    return {
        **prefix_fields("product", product(model, op, constants)),
        "in_w": grid.in_w,
        "in_pitch": grid.in_c,
        "out_h": grid.out_h,
        "out_w": grid.out_w,
        "stride_h": grid.stride[0],
        "stride_w": grid.stride[1],
    }


def pointwise_pitches(_model: Model, op: Pointwise) -> dict[int, str]:
    """What may be spaced, and the members that say how."""
    return {op.input: "in_pitch", op.output: "product.out_pitch"}


def conv_fits(model: Model, op: Convolution) -> bool:
    """A convolution without dilation, in range; a depthwise one of few channels too."""
    return op.dilation == (1, 1) and reads_all_channels(model, op) and in_range(model, op)


def conv_scratch(model: Model, op: Convolution) -> int:
    """Two windows."""
    return 2 * prod(filter_shape(model, op)[1:])


def image(model: Model, op: Convolution) -> Fields:
    """Sizes of input and output, steps and padding; `channels` are the input's."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    return {
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "in_zero": model.quant(op.input).zero_point[0],
    }


def window(model: Model, op: Convolution) -> Fields:
    """The same of a convolution, and its taps, as `struct tinyssl_window`, the member `window`."""
    taps = model.tensor(op.weight).shape
    fields = image(model, op)
    channels = fields.pop("channels")
    source = {name: fields.pop(name) for name in ("in_h", "in_w")}
    target = {name: fields.pop(name) for name in ("out_h", "out_w")}
    found = {**source, "in_c": channels, **target, "k_h": taps[1], "k_w": taps[2], **fields}
    return prefix_fields("window", found)


def conv(model: Model, op: Convolution, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_mve`."""
    return {**prefix_fields("product", product(model, op, constants)), **window(model, op)}


def dense_fits(model: Model, op: FullyConnected) -> bool:
    """A fully connected layer of one row, in range."""
    return count_rows(model, op) == 1 and in_range(model, op)


def dense(model: Model, op: FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected_mve`."""
    return prefix_fields("product", product(model, op, constants))


def pairs_fit(rows: NDArray[np.int8]) -> bool:
    """Whether the products of taps 0 and 1, 2 and 3, … always fit int16 together."""
    pairs = rows[:, :8].reshape(-1, 2)
    return not (pairs == INT8_MIN).all(1).any()


def depthwise_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """3x3 taps, no dilation, one output for each input channel, 4 n of these, in range.

    The kernel adds the products of two taps as int16: both weights may not be -128.
    """
    return (
        model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and model.tensor(op.input).shape[-1] % QUAD == 0
        and in_range(model, op)
        and pairs_fit(channels(model, op).rows)
    )


def depthwise_scratch(model: Model, op: DepthwiseConv2D) -> int:
    """A pixel of padding."""
    return model.tensor(op.input).shape[-1]


def depthwise(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_mve`."""
    rows = channels(model, op).rows
    spare = -len(rows) % BLOCK
    taps = np.pad(rows, ((0, spare), (0, 0))).reshape(-1, BLOCK, rows.shape[1]).swapaxes(1, 2)
    starts, multipliers = requantise_table(model, op)
    order = list(BLOCK_ORDER)
    table = table_words(
        np.pad(starts, (0, spare)).reshape(-1, QUAD, QUAD).swapaxes(1, 2)[:, order],
        np.pad(multipliers, ((0, spare), (0, 0)))
        .reshape(-1, QUAD, QUAD, 2)
        .swapaxes(1, 2)[:, order],
    )
    name = weights_name("taps", model, op)
    text = model.tensor(op.weight).name
    return {
        "weight": constants.intern(Array(name, "int8_t", taps.ravel(), taps.shape, text)),
        "channel": constants.intern(
            Array(constants.name("channel", op), "int32_t", table.ravel(), table.shape, op.label)
        ),
        **image(model, op),
        **output_fields(model, op),
    }
