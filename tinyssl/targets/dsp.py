"""Layouts and parameters of the kernels for the DSP extension of Armv7E-M.

They hold for an operator only where `requantise.requantise_fits` proves it; all other operators get
the reference kernel.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.kernel import Placing
from tinyssl.ops.common.params import Array, Constants, Fields
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.targets.pointwise import Pointwise, is_pointwise, pixel_grid
from tinyssl.targets.requantise import (
    channel_table,
    channels,
    clamp,
    filter_rows,
    filter_shape,
    needs_sign,
    reads_all_channels,
    requantise_fits,
)

WORD = 4
"""Bytes of a load; weights and scratch are aligned to it"""

STEP = 8
"""Inputs of a step of product4_s8_dsp.h"""

PIXELS = 4
"""Pixels that it takes at a time"""

UNROLLED = 4
"""Steps of its loop"""

RAISED = 128
"""What is added to the inputs in its columns, so that they are unsigned"""

UINT8_MAX = 2**8 - 1

UINT16_MAX = 2**16 - 1


def _name(role: str, model: Model, op: WeightedOp) -> str:
    """Name of re-ordered weights: those of one tensor are shared where they are the tensor's."""
    own = f"_{model.position(op)}" if channels(model, op).constant else ""
    return f"{role}_{op.weight}{own}"


def column4_bytes(depth: int, pixels: int = PIXELS) -> int:
    """Scratch memory of a column; TINYSSL_COLUMN of product4_s8_dsp.h."""
    return -(-depth // STEP) * STEP * 2 * pixels


def product4_fits(model: Model, op: WeightedOp, raise_by: int = RAISED) -> bool:
    """In range, and in reach of the 16 bits that hold channels and depth."""
    count, *taps = filter_shape(model, op)
    return (
        requantise_fits(model, op, raise_by=raise_by)
        and count <= UINT16_MAX
        and prod(taps) <= UINT16_MAX
    )


def row_form(form: str, pixels: int) -> str:
    """The smallest variant of a form for rows of so many pixels, taken by fours, two and one.

    Code that no layer needs is not linked: a variant is 0.3 to 0.7 KB.
    """
    rest = {0: "_fours", 1: "_fours_one", 2: "_fours_two", 3: ""}
    return form + (rest[pixels % PIXELS] if pixels >= PIXELS else "")


def product4(
    model: Model, op: WeightedOp, constants: Constants, form: str, pixels: int = 1
) -> Fields:
    """Members of `struct tinyssl_product4_dsp`, named as part of a struct that calls it `product`.

    Args:
        model: A model.
        op: One of its operators.
        constants: Gets the weights and the table.
        form: `bytes`, `planes`, `plain` or `pairs`.
        pixels: Of each row.
    """
    rows = filter_rows(model, op)
    pairs = form == "pairs"
    role, layout = (
        ("pairs", pairs_layout(rows)) if pairs else ("rows", rows_layout(model, op, rows))
    )
    padded = layout.size // layout.shape[0] // (2 if pairs else 1)
    steps = -(-padded // STEP)
    loops = max(1, -(-(steps - 1) // UNROLLED))
    low, high = clamp(model, op)
    multiple = 2 if pairs else 1
    table = channel_table(model, op, constants, raise_by=RAISED, multiple=multiple, less=1)
    sign = "signed" if needs_sign(model, op) else "relu"
    name, comment = _name(role, model, op), model.tensor(op.weight).name
    return {
        "product.weight": constants.intern(
            Array(name, "int8_t", layout.ravel(), layout.shape, comment, alignment=WORD)
        ),
        "product.channel": table,
        "product.form": f"&tinyssl_{row_form(f'{form}_{sign}', pixels)}",
        "product.out_c": rows.shape[0],
        "product.rounding": 2 * model.quant(op.output).zero_point[0] + 1,
        "product.loops": loops,
        "product.depth": rows.shape[1],
        "product.skip": UNROLLED * loops - (steps - 1),
        "product.half": int(padded % STEP != 0),
        "product.out_min": low,
        "product.out_max": high,
        "product.out_pitch": rows.shape[0],
    }


def rows_layout(model: Model, op: WeightedOp, rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights (channels, depth) as the product of four pixels reads them.

    Returns:
        int8, (channels, padded depth): a multiple of 4, of 8 where it is less than 12; taps of a
        convolution as `taps_layout` orders them.
    """
    if not isinstance(op, FullyConnected):
        rows = taps_layout(rows.reshape(filter_shape(model, op)))
    depth = rows.shape[1]
    return np.pad(rows, ((0, 0), (0, -depth % (WORD if depth > STEP else STEP))))


def pointwise_fits(model: Model, op: Pointwise) -> bool:
    """Pixel by pixel, in range."""
    return (
        is_pointwise(model, op)
        and max(_pointwise_sizes(model, op).values()) <= UINT16_MAX
        and product4_fits(model, op)
    )


def _pointwise_sizes(model: Model, op: Pointwise) -> dict[str, int]:
    """Rows as the kernel sees them, and the distances between pixels."""
    grid = pixel_grid(model, op)
    lines, pixels = grid.lines
    row_bytes = 0 if grid.stride == (1, 1) else grid.stride[0] * grid.in_w * grid.in_c
    pitch = grid.stride[1] * grid.in_c
    return {"row_bytes": row_bytes, "pitch": pitch, "out_h": lines, "out_w": pixels}


def pointwise_scratch(model: Model, op: Pointwise) -> int:
    """A column of four pixels."""
    return column4_bytes(pixel_grid(model, op).in_c)


def pointwise(model: Model, op: Pointwise, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_1x1_dsp`."""
    sizes = _pointwise_sizes(model, op)
    return {**product4(model, op, constants, "bytes", sizes["out_w"]), **sizes}


def pointwise_spaced(model: Model, op: Pointwise, constants: Constants, placing: Placing) -> Fields:
    """The same where pixels of input or output do not lie side by side."""
    fields = pointwise(model, op, constants)
    if pitch := placing.pitches.get(op.input):
        fields["pitch"] = pitch
    if pitch := placing.pitches.get(op.output):
        fields["product.out_pitch"] = pitch
    return fields


def pointwise_values(model: Model, op: Pointwise) -> tuple[int, ...]:
    """What may be spaced: the output, and the input where all pixels are one line."""
    return (op.output, op.input) if pixel_grid(model, op).stride == (1, 1) else (op.output,)


def conv_fits(model: Model, op: Convolution) -> bool:
    """A convolution without dilation, in range; a depthwise one of few channels too."""
    return op.dilation == (1, 1) and reads_all_channels(model, op) and product4_fits(model, op)


def conv_scratch(model: Model, op: Convolution) -> int:
    """A column of four pixels, and the inputs that it is made of."""
    _, k_h, k_w, in_c = filter_shape(model, op)
    out_w = model.tensor(op.output).shape[2]
    beside = k_h * (k_w + (PIXELS - 1) * op.stride[1]) if out_w >= PIXELS else 0
    above = (k_h + (PIXELS - 1) * op.stride[0]) * k_w if out_w % PIXELS else 0
    return column4_bytes(k_h * k_w * in_c) + max(beside, above) * in_c


def conv_row_scratch(model: Model, op: Conv2D) -> int:
    """The same for `tinyssl_conv2d_row_dsp`, whose outputs lie side by side."""
    _, k_h, k_w, in_c = model.tensor(op.weight).shape
    out_w = model.tensor(op.output).shape[2]
    most = PIXELS if out_w >= PIXELS else min(out_w, 2)
    return column4_bytes(k_h * k_w * in_c) + k_h * (k_w + (most - 1) * op.stride[1]) * in_c


def taps_layout(weight: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights (channels, rows, columns, inputs) in the order of `tinyssl_taps_to_column`.

    Returns:
        int8, (channels, taps): the whole words of each row of taps, then what is left of all rows.
    """
    count, rows = weight.shape[:2]
    flat = weight.reshape(count, rows, -1)
    whole = flat.shape[2] // WORD * WORD
    return np.concatenate(
        [flat[:, :, :whole].reshape(count, -1), flat[:, :, whole:].reshape(count, -1)], axis=1
    )


def conv(model: Model, op: Convolution, constants: Constants, *, to_planes: bool = False) -> Fields:
    """Members of `struct tinyssl_conv2d_dsp`; `to_planes`: for `tinyssl_conv2d_row_dsp`."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    form, pixels = "planes", out_w
    if not to_planes:
        form = "bytes"
        pixels = out_w if out_w % PIXELS == 0 else 1  # what is left of rows is taken across rows
    return {
        **product4(model, op, constants, form, pixels),
        **{"in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w},
        "k_h": model.tensor(op.weight).shape[1],
        "k_w": model.tensor(op.weight).shape[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding.top,
        "pad_left": op.padding.left,
        "in_zero": model.quant(op.input).zero_point[0],
    }


def dense_fits(model: Model, op: Pointwise) -> bool:
    """One pixel: a fully connected layer of one row, or a pointwise convolution; in range."""
    return (
        is_pointwise(model, op)
        and pixel_grid(model, op).lines == (1, 1)
        and product4_fits(model, op)
    )


def dense_scratch(model: Model, op: Conv2D | FullyConnected) -> int:
    """A column of one pixel."""
    weight = model.tensor(op.weight)
    return column4_bytes(weight.elements // weight.shape[0], 1)


def dense(model: Model, op: Conv2D | FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected_dsp`."""
    return product4(model, op, constants, "pairs")


def pairs_layout(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights (channels, depth) by pairs of channels.

    Returns:
        int8, (channels / 2, depth / 8, 2, 8); zeros beyond the channels and the depth.
    """
    count, depth = rows.shape
    padded = np.pad(rows, ((0, count % 2), (0, -depth % STEP)))
    return padded.reshape(-1, 2, padded.shape[1] // STEP, STEP).transpose(0, 2, 1, 3)
