"""Parameters of `transpose_conv_s8_mve`: a transposed convolution as a product for each phase.

Outputs that lie a stride apart read the same taps. Each such set of taps is a filter of a
convolution without zeros between its inputs, and its sums are some of the terms of the whole
filter's: where those are in range, these are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.params import Array, Constants, Fields, image_fields, prefix_fields
from tinyssl.ops.common.sums import Sums
from tinyssl.ops.common.window import GEOMETRY_MAX
from tinyssl.ops.transpose_conv import TransposeConv, spread_sums
from tinyssl.targets.mve import in_range, output_fields, quad_table, requantise_table
from tinyssl.targets.requantise import START_LIMIT, channels

Phase = tuple[NDArray[np.int8], NDArray[np.int64]]
"""Weights (channels, depth) and starts (channels) of the outputs that read them"""


def _phases(model: Model, op: TransposeConv) -> list[Phase]:
    """Row by row, of the filters turned round."""
    layer, shape = channels(model, op), model.tensor(op.weight).shape
    zero = model.quant(op.input).zero_point[0]
    filters = layer.rows.reshape(shape)[:, ::-1, ::-1]
    # The layer's starts hold the zero point times all weights.
    plain = np.array(layer.starts, np.int64) + zero * layer.rows.sum(axis=1, dtype=np.int64)
    down, right = op.stride
    rows = [
        filters[:, y::down, x::right].reshape(shape[0], -1)
        for y in range(down)
        for x in range(right)
    ]
    return [(each, plain - zero * each.sum(axis=1, dtype=np.int64)) for each in rows]


def _fits(model: Model, op: TransposeConv) -> bool:
    """One image, in range."""
    if model.tensor(op.input).shape[0] != 1 or not in_range(model, op):
        return False
    sums = spread_sums(model, op)
    if max(*sums.source, *sums.target, *sums.corner) > GEOMETRY_MAX:
        return False
    return all(int(abs(starts).max()) < START_LIMIT for _, starts in _phases(model, op))


def _scratch(model: Model, op: TransposeConv) -> int:
    """Two windows of the first phase, which has most taps."""
    return 2 * len(_phases(model, op)[0][0][0])


def _params(model: Model, op: TransposeConv, constants: Constants) -> Fields:
    """Members of `struct tinyssl_transpose_conv_mve`."""
    phases = _phases(model, op)
    _, multipliers = requantise_table(model, op)
    rows = np.concatenate([weights.ravel() for weights, _ in phases])
    table = np.concatenate([quad_table(starts, multipliers) for _, starts in phases])
    text, name = model.tensor(op.weight).name, constants.name
    weight = Array(name("phases", op), "int8_t", rows, rows.shape, text)
    words = Array(name("channel", op), "int32_t", table.ravel(), table.shape, op.label)
    product: Fields = {
        "weight": constants.intern(weight),
        "channel": constants.intern(words),
        "depth": phases[0][0].shape[1],
        "out_c": len(multipliers),
        "out_pitch": len(multipliers),
        **output_fields(model, op),
    }
    sums = spread_sums(model, op)
    zero = model.quant(op.input).zero_point[0]
    return {**prefix_fields("product", product), **_sizes(sums), "in_zero": zero}


def _sizes(sums: Sums) -> Fields:
    target = image_fields("out", sums.target)
    del target["out_c"]
    _, k_h, k_w, _ = sums.filters.shape
    return {
        **image_fields("in", sums.source),
        **target,
        **{"k_h": k_h, "k_w": k_w, "up_h": sums.spread[0], "up_w": sums.spread[1]},
        **{"pad_top": sums.corner[0], "pad_left": sums.corner[1]},
    }


TRANSPOSED_MVE: dict[type[Op], tuple[Kernel[TransposeConv], ...]] = {
    TransposeConv: (
        Kernel(
            "transpose_conv_s8_mve",
            "tinyssl_transpose_conv_mve",
            ("product_s8_mve.c", "product_s8_mve.h", "mve.h", "window_s8.h"),
            supports=_fits,
            make_params=_params,
            spacing=output_spacing(_params, "product.out_pitch"),
            scratch=_scratch,
        ),
    ),
}
