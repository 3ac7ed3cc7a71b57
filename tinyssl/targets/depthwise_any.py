"""Layout and parameters of the depthwise convolutions of any window: DSP, MVE and RV32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.params import Array, Constants, Fields
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets.dsp_depthwise import LANES
from tinyssl.targets.mve import QUAD, requantise_table, table_words, weights_name
from tinyssl.targets.requantise import channel_table, channels, is_plain, requantise_fits

GROUP = 8
"""Channels that the kernel for MVE computes together"""


def fits(model: Model, op: DepthwiseConv2D) -> bool:
    """One output for each of at least 4 channels, in range with the zero point taken off."""
    return _fits(model, op, signed_steep=False)


def steep_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """The same, and shifts of 0 in all layers: on MVE and RV32."""
    return _fits(model, op, signed_steep=True)


def _fits(model: Model, op: DepthwiseConv2D, *, signed_steep: bool) -> bool:
    return (
        is_plain(model, op)
        and op.multiplier == 1
        and model.tensor(op.input).shape[3] >= LANES
        and requantise_fits(
            model, op, raise_by=-_zero(model, op), steep=True, signed_steep=signed_steep
        )
    )


def _zero(model: Model, op: DepthwiseConv2D) -> int:
    return model.quant(op.input).zero_point[0]


def weights_layout(
    model: Model, op: DepthwiseConv2D, lanes: int, starts: list[int]
) -> NDArray[np.int8]:
    """Weights by groups of channels, which begin at `starts`; zeros where a group has fewer.

    Returns:
        int8, (groups, outer taps, inner taps, lanes): columns are the inner taps, unless rows are
        more.
    """
    _, height, width, _ = model.tensor(op.weight).shape
    rows = channels(model, op).rows
    padded = np.pad(rows, ((0, -len(rows) % lanes), (0, 0)))
    groups = np.stack([padded[start : start + lanes] for start in starts])
    taps = groups.reshape(len(starts), lanes, height, width).transpose(0, 2, 3, 1)
    return taps.transpose(0, 2, 1, 3) if height > width else taps


def word_fields(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_any`: groups of 4, the last ends at the last channel."""
    count = model.tensor(op.input).shape[3]
    starts = [min(start, count - LANES) for start in range(0, count, LANES)]
    table = channel_table(model, op, constants, raise_by=-_zero(model, op))
    return _fields(model, op, constants, weights_layout(model, op, LANES, starts), table)


def mve_fields(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_any`: groups of 8."""
    starts, multipliers = requantise_table(model, op, raise_by=-_zero(model, op))
    spare = -len(starts) % GROUP
    words = table_words(
        np.pad(starts, (0, spare)).reshape(-1, QUAD, 2).swapaxes(1, 2),
        np.pad(multipliers, ((0, spare), (0, 0))).reshape(-1, QUAD, 2, 2).swapaxes(1, 2),
    )
    table = Array(constants.name("channel", op), "int32_t", words.ravel(), words.shape, op.label)
    groups = list(range(0, len(starts), GROUP))
    weights = weights_layout(model, op, GROUP, groups)
    return _fields(model, op, constants, weights, constants.intern(table))


def _fields(
    model: Model,
    op: DepthwiseConv2D,
    constants: Constants,
    weights: NDArray[np.int8],
    table: str,
) -> Fields:
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    _, k_h, k_w, _ = model.tensor(op.weight).shape
    low, high = activation_range(op.activation, model.quant(op.output))
    text = model.tensor(op.weight).name
    name = weights_name("groups", model, op)
    return {
        "weight": constants.intern(
            Array(name, "int8_t", weights.ravel(), weights.shape, text, alignment=4)
        ),
        "channel": table,
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        **{"k_h": k_h, "k_w": k_w},
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "in_zero": _zero(model, op),
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }
