"""Layout and parameters of the depthwise convolution for the DSP extension of Armv7E-M."""

from __future__ import annotations

import numpy as np

from tinyssl.emit.params import Array, Constants, Fields
from tinyssl.emit.requantise import (
    channel_table,
    channels,
    clamp,
    needs_sign,
    requantise_fits,
)
from tinyssl.ir.model import Model
from tinyssl.ir.ops import DepthwiseConv2D, Op
from tinyssl.plan import Overlap

LANES = 4
"""Channels of a word, which are computed together"""

ROWS = 3
"""Input rows of a plane"""

WORD = 4
"""Bytes of a pair of columns of one row; scratch memory is aligned to it"""


def fits(model: Model, op: Op) -> bool:
    """3x3 taps, stride 1 or 2, no dilation, one output for each of at least 4 channels, in range.

    For a single output pixel widening three rows costs more than it saves (docs/engine.md).
    """
    return (
        isinstance(op, DepthwiseConv2D)
        and model.tensor(op.output).shape[1:3] != (1, 1)
        and model.tensor(op.output).shape[3] >= LANES
        and model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.stride in ((1, 1), (2, 2))
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and requantise_fits(model, op)
    )


def plane_columns(outputs: int, stride: int) -> int:
    """Columns of a plane for so many outputs a line: TINYSSL_PLANE_COLUMNS."""
    return (outputs + 3) // 2 * 2 if stride == 1 else outputs * 2 + 2


def plane_bytes(columns: int) -> int:
    """Of three interleaved rows of int16: TINYSSL_PLANE_BYTES."""
    return columns // 2 * WORD * ROWS


def _columns(model: Model, op: DepthwiseConv2D) -> int:
    return plane_columns(model.tensor(op.output).shape[2], op.stride[1])


def scratch(model: Model, op: Op) -> int:
    """Four planes."""
    return LANES * plane_bytes(_columns(model, _depthwise(op)))


def overlaps(model: Model, op: Op) -> tuple[Overlap, ...]:
    """The output may take the input's place, as each four channels are a whole image.

    Not where four channels are computed twice, or where a line of outputs would end behind the
    input rows that are read by then.
    """
    depthwise = _depthwise(op)
    _, in_h, in_w, in_c = model.tensor(depthwise.input).shape
    _, out_h, out_w, _ = model.tensor(depthwise.output).shape
    read = [
        min(y * depthwise.stride[0] - depthwise.padding.top + ROWS, in_h) * in_w
        for y in range(out_h)
    ]
    behind = all(
        (y + 1) * out_w <= pixels or pixels == in_h * in_w for y, pixels in enumerate(read)
    )
    return (Overlap(depthwise.input, exact=True),) if behind and in_c % LANES == 0 else ()


def line(model: Model, op: DepthwiseConv2D) -> str:
    """Name of the C function for a line of outputs."""
    return f"tinyssl_line_{op.stride[0]}_{'signed' if needs_sign(model, op) else 'relu'}"


def taps(model: Model, position: int, constants: Constants) -> str:
    """Name of the weights as int8 [channels][3][3], and one byte that is read but not used."""
    op = _depthwise(model.ops[position])
    layer = channels(model, op)
    values = np.append(layer.rows.ravel(), np.int8(0))
    name = f"taps_{op.weight}{f'_{position}' if layer.constant else ''}"
    return constants.keep(Array(name, "int8_t", values, values.shape, model.tensor(op.weight).name))


def fields(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_3x3_dsp`."""
    op = _depthwise(model.ops[position])
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    low, high = clamp(model, op)
    columns = _columns(model, op)
    return {
        "weight": taps(model, position, constants),
        "channel": channel_table(model, position, constants),
        "line": line(model, op),
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "stride": op.stride[0],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "columns": columns,
        "copied": min(in_w, columns - op.padding.left),
        "in_zero": model.quant(op.input).zero_point[0],
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }


def _depthwise(op: Op) -> DepthwiseConv2D:
    if not isinstance(op, DepthwiseConv2D):
        raise TypeError(op.label)
    return op
