"""Layout and parameters of the depthwise convolution for the DSP extension of Armv7E-M."""

from __future__ import annotations

import numpy as np

from tinyssl.graph.model import Model
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Array, Constants, Fields
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets.requantise import (
    channel_table,
    channels,
    clamp,
    is_plain,
    needs_sign,
    requantise_fits,
)

LANES = 4
"""Channels of a word, which are computed together"""

ROWS = 3
"""Input rows of a plane"""

DIRECT_COLUMNS = 3
"""Columns of taps that the kernel without preparation has code for"""

LONG_COLUMN = 16
"""Taps of a single column from which `depthwise_any_s8_dsp` is faster"""

TINY = 4
"""Outputs up to which it is the fastest (docs/engine.md)"""

PAIR = 2
"""Columns of a word"""

PITCHES = (16, 32)
"""Bytes of a row that there is code for, where whole images are widened"""

UINT8_MAX = 2**8 - 1

WORD = 4
"""Bytes of a pair of columns of one row; scratch memory is aligned to it"""


def fits(model: Model, op: DepthwiseConv2D) -> bool:
    """3x3 taps, stride 1 or 2, no dilation, one output for each of at least 4 channels, proved."""
    return (
        model.tensor(op.output).shape[3] >= LANES
        and model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.stride in ((1, 1), (2, 2))
        and op.dilation == (1, 1)
        and max(op.padding.top, op.padding.left) <= UINT8_MAX
        and op.multiplier == 1
        and requantise_fits(model, op, steep=True)
    )


def direct_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """At least 4 channels, 2 or 3 columns of taps or a short one, no window on padding alone."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    _, k_h, k_w, _ = model.tensor(op.weight).shape
    return (
        is_plain(model, op)
        and in_c >= LANES
        and (1 < k_w <= DIRECT_COLUMNS or (k_w == 1 and k_h < LONG_COLUMN))
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and max(k_h, *op.stride) <= UINT8_MAX
        and op.padding.top < k_h
        and op.padding.left < k_w
        and (out_h - 1) * op.stride[0] - op.padding.top < in_h
        and (out_w - 1) * op.stride[1] - op.padding.left < in_w
        and requantise_fits(model, op, raise_by=-model.quant(op.input).zero_point[0])
    )


def tiny_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """The same, of so few outputs that preparing anything costs more than it saves."""
    _, out_h, out_w, _ = model.tensor(op.output).shape
    return out_h * out_w <= TINY and direct_fits(model, op)


def direct_fields(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_dsp`."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    weight = model.tensor(op.weight)
    layer = channels(model, op)
    values = layer.rows.T
    name = f"direct_{op.weight}{f'_{model.position(op)}' if layer.constant else ''}"
    zero = model.quant(op.input).zero_point[0]
    return {
        "weight": constants.intern(
            Array(name, "int8_t", values.ravel(), values.shape, weight.name)
        ),
        "channel": channel_table(model, op, constants, raise_by=-zero, less=1),
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "k_h": weight.shape[1],
        "k_w": weight.shape[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        **_quantisation(model, op),
    }


def image_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """The same, of lines with code for their length, at least 2 outputs, and at most 255 rows."""
    return fits(model, op) and _pitch(model, op) is not None and _image_rows(model, op) <= UINT8_MAX


def _pitch(model: Model, op: DepthwiseConv2D) -> int | None:
    """Bytes of a row of the whole image's plane; None: it is too long, or has one output."""
    if model.tensor(op.output).shape[2] < PAIR:
        return None
    least = _columns(model, op) // PAIR * WORD
    return next((pitch for pitch in PITCHES if pitch >= least), None)


def _image_rows(model: Model, op: DepthwiseConv2D) -> int:
    return (model.tensor(op.output).shape[1] - 1) * op.stride[0] + ROWS


def image_scratch(model: Model, op: DepthwiseConv2D) -> int:
    """Four planes of the whole image."""
    return LANES * _image_rows(model, op) * (_pitch(model, op) or 0)


def image_overlaps(model: Model, op: DepthwiseConv2D) -> tuple[Overlap, ...]:
    """The output may take the input's place: four channels are widened before any is written.

    Not where four channels are computed twice.
    """
    whole = model.tensor(op.input).shape[3] % LANES == 0
    return (Overlap(op.input, exact=True),) if whole else ()


def image_fields(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_image_dsp`."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    pitch = _pitch(model, op) or 0
    rows = _image_rows(model, op)
    return {
        "weight": taps(model, op, constants),
        "channel": channel_table(model, op, constants),
        "four": f"tinyssl_image_{pitch}_{op.stride[0]}_{_form(model, op)}",
        **{"channels": in_c, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "stride": op.stride[0],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "pitch": pitch,
        "rows": rows,
        "copied_h": min(in_h, rows - op.padding.top),
        "copied_w": min(in_w, pitch // WORD * PAIR - op.padding.left),
        **_quantisation(model, op),
    }


def plane_columns(outputs: int, stride: int) -> int:
    """Columns of a plane for so many outputs a line: TINYSSL_PLANE_COLUMNS."""
    return (outputs + 3) // 2 * 2 if stride == 1 else outputs * 2 + 2


def plane_bytes(columns: int) -> int:
    """Of three interleaved rows of int16: TINYSSL_PLANE_BYTES."""
    return columns // 2 * WORD * ROWS


def _columns(model: Model, op: DepthwiseConv2D) -> int:
    return plane_columns(model.tensor(op.output).shape[2], op.stride[1])


def scratch(model: Model, op: DepthwiseConv2D) -> int:
    """Four planes."""
    return LANES * plane_bytes(_columns(model, op))


def overlaps(model: Model, op: DepthwiseConv2D) -> tuple[Overlap, ...]:
    """The output may take the input's place, as each four channels are a whole image.

    Not where four channels are computed twice, or where a line of outputs would end behind the
    input rows that are read by then.
    """
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    read = [min(y * op.stride[0] - op.padding.top + ROWS, in_h) * in_w for y in range(out_h)]
    behind = all(
        (y + 1) * out_w <= pixels or pixels == in_h * in_w for y, pixels in enumerate(read)
    )
    return (Overlap(op.input, exact=True),) if behind and in_c % LANES == 0 else ()


def line(model: Model, op: DepthwiseConv2D) -> str:
    """Name of the C function for a line of outputs."""
    return f"tinyssl_line_{op.stride[0]}_{_form(model, op)}"


def _form(model: Model, op: DepthwiseConv2D) -> str:
    """Form of the requantisation, as the C names it."""
    return "signed" if needs_sign(model, op) else "relu"


def _quantisation(model: Model, op: DepthwiseConv2D) -> Fields:
    low, high = clamp(model, op)
    return {
        "in_zero": model.quant(op.input).zero_point[0],
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }


def taps(model: Model, op: DepthwiseConv2D, constants: Constants) -> str:
    """Name of the weights as int8 [channels][3][3], and one byte that is read but not used."""
    layer = channels(model, op)
    values = np.append(layer.rows.ravel(), np.int8(0))
    name = f"taps_{op.weight}{f'_{model.position(op)}' if layer.constant else ''}"
    return constants.intern(
        Array(name, "int8_t", values, values.shape, model.tensor(op.weight).name)
    )


def fields(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_3x3_dsp`."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    columns = _columns(model, op)
    return {
        "weight": taps(model, op, constants),
        "channel": channel_table(model, op, constants),
        "line": line(model, op),
        **{"channels": in_c, "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w},
        "columns": columns,
        "copied": min(in_w, columns - op.padding.left),
        "stride": op.stride[0],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        **_quantisation(model, op),
    }
