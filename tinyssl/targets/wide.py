"""Parameters of the kernels for int16 activations: `conv2d_s16_dsp` and `conv2d_s16_mve`.

TFLM sums int16 activations in 64 bits and multiplies with 15 bits. Where no sum can pass int32 and
the product is shifted by 17 bits or more, the high word of a 32-bit product is exact: what lies
below it only decides what lies below the half that is added.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model, Op
from tinyssl.ops.common.conv import conv_sums
from tinyssl.ops.common.fixed_point import INT32_MAX
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Array, Constants, Fields, prefix_fields
from tinyssl.ops.common.sums import GetSums, Sums
from tinyssl.ops.common.weights import (
    WeightedOp,
    accumulator_bounds,
    channel_multipliers,
    has_wide_sums,
    quant_fields,
)
from tinyssl.ops.common.window import GEOMETRY_MAX
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.fully_connected import FullyConnected, dense_sums
from tinyssl.targets.mve import QUAD

PRODUCT_SHIFT = 15
"""Right shift of the product where the multiplier's own is 0"""
HIGH = 16
"""Of it in the high word of the product with the multiplier * 2^16"""
FACTOR_MAX = 2**15 - 1
"""Largest multiplier"""
PAIRS = [0, 2, 1, 3]
"""Order of four weights on the DSP extension, which widens bytes 0 and 2, then 1 and 3"""
ELEMENT = 2
"""Bytes of an activation"""


def _kernel(isa: str, get_sums: GetSums, *headers: str) -> Kernel[Any]:
    """`conv2d_s16_<isa>` for an operator whose sums a function gives."""
    return Kernel(
        f"conv2d_s16_{isa}",
        "tinyssl_conv2d_s16",
        ("conv2d_s16.h", "window_s8.h", *headers),
        supports=partial(_fits, get_sums),
        make_params=partial(_params, get_sums, isa),
        scratch=partial(_scratch, get_sums),
    )


def _fits(get_sums: GetSums, model: Model, op: WeightedOp) -> bool:
    """One image, one group, no dilation, and sums and shifts for which the short way is exact."""
    if model.tensor(op.input).dtype is not DType.INT16 or not has_wide_sums(model, op):
        return False
    sums = get_sums(model, op)
    sizes = (*sums.source[1:3], ELEMENT * sums.source[3], *sums.target[1:3], *sums.corner)
    plain = sums.dilation == sums.spread == (1, 1) and sums.filters.shape[3] == sums.source[3]
    if sums.source[0] != 1 or not plain or max(sizes) > GEOMETRY_MAX:
        return False
    low, high = accumulator_bounds(model, op)
    reach = max(-int(low.min()), int(high.max()))
    shifts = [_high_shift(multiplier.shift) for multiplier in channel_multipliers(model, op)]
    return reach <= INT32_MAX and min(shifts) >= 1


def _high_shift(shift: int) -> int:
    return PRODUCT_SHIFT - shift - HIGH


def _in_place(sums: Sums) -> bool:
    return sums.filters.shape[1:3] == (1, 1) and sums.corner == (0, 0)


def _scratch(get_sums: GetSums, model: Model, op: WeightedOp) -> int:
    """Two windows; an element where pixels are read in place."""
    sums = get_sums(model, op)
    return ELEMENT if _in_place(sums) else 2 * ELEMENT * prod(sums.filters.shape[1:])


def _channels(model: Model, op: WeightedOp, count: int) -> NDArray[np.int64]:
    """Start, multiplier and right shift of each channel: (channels, 3)."""
    multipliers = channel_multipliers(model, op)
    bias = np.zeros(count, np.int64)
    if op.bias is not None:
        bias = model.tensor(op.bias).array().astype(np.int64).ravel()
    factors = [min(multiplier.value + 2**15 >> HIGH, FACTOR_MAX) for multiplier in multipliers]
    shifts = [_high_shift(multiplier.shift) for multiplier in multipliers]
    scales = np.array([factors, shifts]) * [[2**HIGH], [1]]
    return np.vstack([bias, np.broadcast_to(scales, (2, count))]).T


def in_quads(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """(channels, n) as (channels / 4, n, 4), zeros beyond the layer's."""
    spare = -len(table) % QUAD
    return np.pad(table, ((0, spare), (0, 0))).reshape(-1, QUAD, table.shape[1]).swapaxes(1, 2)


def _in_pairs(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    order = np.arange(rows.shape[1])
    whole = len(order) // len(PAIRS) * len(PAIRS)
    order[:whole] = order[:whole].reshape(-1, len(PAIRS))[:, PAIRS].ravel()
    return rows[:, order]


def _params(
    get_sums: GetSums, isa: str, model: Model, op: WeightedOp, constants: Constants
) -> Fields:
    """Members of `struct tinyssl_conv2d_s16`."""
    sums = get_sums(model, op)
    rows = sums.filters.reshape(len(sums.filters), -1)
    table = _channels(model, op, len(rows))
    if isa == "mve":
        table = in_quads(table * np.array([1, 1, -1], np.int64))
    else:
        rows = _in_pairs(rows)
    text = model.tensor(op.weight).name
    weight = Array(f"rows_{op.weight}", "int8_t", rows.ravel(), rows.shape, text)
    words = Array(constants.name("channel", op), "int32_t", table.ravel(), table.shape, op.label)
    quant = quant_fields(model, op)
    product: Fields = {
        "weight": constants.intern(weight),
        "channel": constants.intern(words),
        "depth": rows.shape[1],
        "out_c": rows.shape[0],
        "out_min": quant["out_min"],
        "out_max": quant["out_max"],
    }
    return {**prefix_fields("product", product), **prefix_fields("window", _window(sums))}


def _window(sums: Sums) -> Fields:
    """Members of `struct tinyssl_window`, the channels in bytes."""
    _, in_h, in_w, in_c = sums.source
    _, out_h, out_w, _ = sums.target
    _, k_h, k_w, _ = sums.filters.shape
    return {
        **{"in_h": in_h, "in_w": in_w, "in_c": ELEMENT * in_c, "out_h": out_h, "out_w": out_w},
        **{"k_h": k_h, "k_w": k_w, "stride_h": sums.stride[0], "stride_w": sums.stride[1]},
        **{"pad_top": sums.corner[0], "pad_left": sums.corner[1], "in_zero": 0},
    }


def _table(isa: str, *headers: str) -> dict[type[Op], tuple[Kernel[Any], ...]]:
    return {
        Conv2D: (_kernel(isa, conv_sums, *headers),),
        FullyConnected: (_kernel(isa, dense_sums, *headers),),
    }


WIDE_DSP = _table("dsp", "lanes_dsp.h", "dsp.h")
WIDE_MVE = _table("mve", "lanes_s16_mve.h", "mve.h")
