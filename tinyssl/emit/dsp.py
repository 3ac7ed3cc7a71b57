"""Layouts, proofs and parameters of the kernels for the DSP extension of Armv7E-M.

The kernels hold for an operator only where the accumulator and the multipliers stay in the ranges
that `requantise_fits` checks; all other operators get the reference kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyssl.emit.params import Array, Constants, Fields
from tinyssl.ir.fixed_point import (
    INT32_MAX,
    Multiplier,
    activation_range,
    channel_multipliers,
    requantise,
)
from tinyssl.ir.model import Model
from tinyssl.ir.ops import Conv2D, DepthwiseConv2D, FullyConnected, Op, Padding, WeightedOp
from tinyssl.ir.weight_rules import channel_axis

SUM_LIMIT = 2**30
"""SMMULR multiplies the doubled sum, so sums must stay below"""

SHIFT_MAX = 31
"""Right shift; the kernel shifts by one less, then by one in SSAT"""

WORD = 4
"""Bytes of a load; weights and scratch are aligned to it"""

COLUMN_BYTES = 16
"""Of four inputs of two pixels as int16; TINYSSL_COLUMN_BYTES of product_s8_dsp.h"""


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


def channels(model: Model, op: WeightedOp) -> Channels:
    """Folds the zero point of the input, and the channels whose output no input changes.

    Such channels come from training (dead after a ReLU) and hold the largest biases there are, up
    to 2^30: they become weights of 0 and a start that gives the value.
    """
    weight = np.asarray(model.tensor(op.weight).array(), np.int8)
    axis = channel_axis(op)
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
    folded = False
    for index, (low, high) in enumerate(sum_bounds(starts, rows)):
        value = _constant(low, high, multipliers[index], _clamp(model, op))
        if value is not None:
            starts[index], multipliers[index], folded = 4 * value, Multiplier(2**30, -1), True
            rows[index] = 0
    return Channels(rows, tuple(starts), tuple(multipliers), folded)


def sum_bounds(starts: Sequence[int], rows: NDArray[np.int8]) -> list[tuple[int, int]]:
    """Smallest and largest sum of each channel over all int8 inputs, exact: both are reached."""
    weights = rows.astype(np.int64)
    low = np.minimum(weights * -128, weights * 127).sum(1)
    high = np.maximum(weights * -128, weights * 127).sum(1)
    return [
        (start + int(least), start + int(most))
        for start, least, most in zip(starts, low, high, strict=True)
    ]


def _clamp(model: Model, op: WeightedOp) -> tuple[int, int, int]:
    quant = model.quant(op.output)
    if not isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        raise TypeError(op.label)
    return *activation_range(op.activation, quant), quant.zero_point[0]


def _constant(
    least: int, most: int, multiplier: Multiplier, clamp: tuple[int, int, int]
) -> int | None:
    """The output less its zero point where all inputs give the same; requantisation is monotone."""
    low, high, zero = clamp
    first, last = (
        min(max(requantise(value, multiplier) + zero, low), high) for value in (least, most)
    )
    return first - zero if first == last else None


def requantise_fits(model: Model, op: WeightedOp) -> bool:
    """Proof, channel by channel, that `tinyssl_requantise_dsp` is exact.

    Needed over all inputs: |sum| < 2^30; a right shift of 1 to 31; product, rounding and zero point
    together in int32. The sum may pass int32 on its way, as it is taken modulo 2^32; its start may
    not, as it is a constant in C.
    """
    layer = channels(model, op)
    zero = model.quant(op.output).zero_point[0]
    bounds = sum_bounds(layer.starts, layer.rows)
    return all(abs(start) <= INT32_MAX for start in layer.starts) and all(
        channel_fits(max(-low, high), multiplier, zero)
        for (low, high), multiplier in zip(bounds, layer.multipliers, strict=True)
    )


def channel_fits(reach: int, multiplier: Multiplier, zero: int) -> bool:
    """The same for one channel whose sums stay within -reach and reach."""
    shift = -multiplier.shift
    if reach >= SUM_LIMIT or not 1 <= shift <= SHIFT_MAX:
        return False
    product = (reach * multiplier.value + 2**30) >> 31
    return product + 1 + (abs(2 * zero + 1) << (shift - 1)) <= INT32_MAX


def channel_table(model: Model, position: int, constants: Constants) -> str:
    """Name of [channels / 2][5]: two starts, two multipliers, two shifts in the low bytes."""
    op = model.ops[position]
    if not isinstance(op, WeightedOp):
        raise TypeError(op.label)
    layer = channels(model, op)
    start = _even(list(layer.starts))
    value = _even([multiplier.value for multiplier in layer.multipliers])
    shift = _even([-multiplier.shift - 1 for multiplier in layer.multipliers])
    words = [
        word
        for first in range(0, len(start), 2)
        for word in (
            *start[first : first + 2],
            *value[first : first + 2],
            shift[first] | shift[first + 1] << 8,
        )
    ]
    return constants.table(f"channel_{position}", "int32_t", words, op.label)


def _even(values: list[int]) -> list[int]:
    return values + [0] * (len(values) % 2)


def _name(role: str, model: Model, position: int) -> str:
    """Name of re-ordered weights: those of one tensor are shared where they are the tensor's."""
    op = model.ops[position]
    if not isinstance(op, WeightedOp):
        raise TypeError(op.label)
    own = f"_{position}" if channels(model, op).constant else ""
    return f"{role}_{op.weight}{own}"


def product_layout(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights (channels, depth) in the order that the product reads them.

    Returns:
        int8, (channels / 2, depth / 4, 2, 4); zeros beyond the channels and the depth.
    """
    count, depth = rows.shape
    padded = np.pad(rows, ((0, count % 2), (0, -depth % WORD)))
    return padded.reshape(-1, 2, padded.shape[1] // WORD, WORD).transpose(0, 2, 1, 3)


def column_bytes(depth: int) -> int:
    """Scratch memory of a column of two pixels."""
    return -(-depth // WORD) * COLUMN_BYTES


def _product(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Conv2D | FullyConnected):
        raise TypeError(op.label)
    weight = model.tensor(op.weight)
    rows = channels(model, op).rows
    layout = product_layout(rows)
    name = _name("product", model, position)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "product.weight": constants.keep(
            Array(name, "int8_t", layout.ravel(), layout.shape, weight.name, alignment=WORD)
        ),
        "product.channel": channel_table(model, position, constants),
        "product.depth": rows.shape[1],
        "product.out_c": rows.shape[0],
        "product.out_zero": model.quant(op.output).zero_point[0],
        "product.out_min": low,
        "product.out_max": high,
    }


def pointwise_fits(model: Model, op: Op) -> bool:
    """A 1x1 convolution without padding, in range."""
    return (
        isinstance(op, Conv2D)
        and model.tensor(op.weight).shape[1:3] == (1, 1)
        and op.padding == Padding()
        and requantise_fits(model, op)
    )


def pointwise_scratch(model: Model, op: Op) -> int:
    """Two pixels as int16."""
    return column_bytes(model.tensor(op.inputs[0]).shape[-1])


def pointwise(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_1x1_dsp`."""
    op = model.ops[position]
    if not isinstance(op, Conv2D):
        raise TypeError(op.label)
    _, out_h, out_w, _ = model.tensor(op.output).shape
    return {
        **_product(model, position, constants),
        "in_w": model.tensor(op.input).shape[2],
        "out_h": out_h,
        "out_w": out_w,
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
    }


def conv_fits(model: Model, op: Op) -> bool:
    """A convolution without dilation, in range."""
    return isinstance(op, Conv2D) and op.dilation == (1, 1) and requantise_fits(model, op)


def conv_scratch(model: Model, op: Op) -> int:
    """Two windows as int16, and the bytes that they are widened from."""
    if not isinstance(op, Conv2D):
        raise TypeError(op.label)
    weight = model.tensor(op.weight)
    depth = weight.elements // weight.shape[0]
    return column_bytes(depth) + 2 * depth


def conv(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_dsp`."""
    op = model.ops[position]
    if not isinstance(op, Conv2D):
        raise TypeError(op.label)
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    return {
        **_product(model, position, constants),
        **{"in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w},
        "k_h": model.tensor(op.weight).shape[1],
        "k_w": model.tensor(op.weight).shape[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "in_zero": model.quant(op.input).zero_point[0],
    }


def dense_fits(model: Model, op: Op) -> bool:
    """A fully connected layer, in range."""
    return isinstance(op, FullyConnected) and requantise_fits(model, op)


def dense_scratch(model: Model, op: Op) -> int:
    """The input as int16."""
    return column_bytes(model.tensor(op.inputs[0]).elements) // 2


def dense(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected_dsp`."""
    return _product(model, position, constants)


def depthwise_fits(model: Model, op: Op) -> bool:
    """3x3 taps, stride 1 or 2, no dilation, one output for each input channel, in range.

    For a single output pixel widening three rows costs more than it saves (docs/engine.md).
    """
    return (
        isinstance(op, DepthwiseConv2D)
        and model.tensor(op.output).shape[1:3] != (1, 1)
        and model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.stride in ((1, 1), (2, 2))
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and requantise_fits(model, op)
    )


def _row(model: Model, op: DepthwiseConv2D) -> int:
    """Elements of a widened row: what the last pair of outputs reads to, in whole words."""
    last = (model.tensor(op.output).shape[2] - 1) // 2 * 2 * op.stride[1]
    return last + (4 if op.stride[1] == 1 else 6)


def depthwise_scratch(model: Model, op: Op) -> int:
    """Three rows of one channel as int16."""
    if not isinstance(op, DepthwiseConv2D):
        raise TypeError(op.label)
    return 3 * 2 * _row(model, op)


def depthwise(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_3x3_dsp`."""
    op = model.ops[position]
    if not isinstance(op, DepthwiseConv2D):
        raise TypeError(op.label)
    weight = model.tensor(op.weight)
    name = _name("planes", model, position)
    planes = channels(model, op).rows
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    low, high = activation_range(op.activation, model.quant(op.output))
    row = _row(model, op)
    return {
        "weight": constants.keep(Array(name, "int8_t", planes.ravel(), planes.shape, weight.name)),
        "channel": channel_table(model, position, constants),
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "stride": op.stride[0],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "row": row,
        "copied": min(in_w, row - op.padding.left),
        "in_zero": model.quant(op.input).zero_point[0],
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }
