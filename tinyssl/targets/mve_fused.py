"""Blocks of operators that `fused_block_s8_mve` computes in one call: proof and parameters.

The pattern is that of `fused`. Rows stay int8 NHWC, so the block is the row functions of the
single kernels one after another, and anything that these compute may be fused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinyssl.graph.model import Model
from tinyssl.ops.add import add_params, same_shape_int8
from tinyssl.ops.common.overlap import INPUT_CONSUMED, Overlap
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.targets import mve
from tinyssl.targets.fused import FusedBlock
from tinyssl.targets.mve_streaming import TAPS, Piece, first_read, max_offset

ROWS = 3
"""Rows of the wide image that are kept"""


def fits(model: Model, block: FusedBlock) -> bool:
    """Each operator has its MVE kernel, pointwise ones with stride 1, the depthwise with 1 or 2."""
    pointwise = [op for op in (block.expand, block.project) if op is not None]
    if block.stem is not None and (block.add is not None or not mve.conv_fits(model, block.stem)):
        return False
    return (
        all(mve.pointwise_fits(model, op) and op.stride == (1, 1) for op in pointwise)
        and mve.depthwise_fits(model, block.depthwise)
        and block.depthwise.stride in ((1, 1), (2, 2))
        and (block.add is None or same_shape_int8(model, block.add))
    )


def scratch_bytes(model: Model, block: FusedBlock) -> int:
    """Rows of the wide image, a pixel of padding, a row for each of projection and addition, or
    windows of the stem.
    """
    _, _, in_w, channels = model.tensor(block.depthwise.input).shape
    _, _, out_w, out_c = model.tensor(block.output).shape
    wide = ROWS * in_w * channels if block.before else 0
    more = out_w * out_c if block.add else 0
    if block.stem is not None:
        more = mve.conv_scratch(model, block.stem)
    return wide + channels + out_w * channels + more


def overlaps(model: Model, block: FusedBlock) -> tuple[Overlap, ...]:
    """How far the output may lie over the input: row after row."""
    return (Overlap(block.input, max_offset(list(_pieces(model, block)))),)


def _pieces(model: Model, block: FusedBlock) -> Iterator[Piece]:
    """A row of outputs at a time; with an addition, four of its elements."""
    rows = model.tensor(block.depthwise.input).shape[1]
    _, out_h, out_w, out_c = model.tensor(block.output).shape
    width, next_row = out_w * out_c, 0
    for y in range(out_h):
        if block.before:  # rows not computed before
            end = min(y * block.depthwise.stride[0] - block.depthwise.padding.top + ROWS, rows)
            first = _first_of_rows(model, block.before, range(next_row, end))
            next_row = max(next_row, end)
        else:
            taps = (TAPS, TAPS)
            first = min(first_read(model, block.depthwise, taps, (y, x)) for x in range(out_w))
        if block.add is None:
            yield first, (y + 1) * width
            continue
        for element in range(y * width, (y + 1) * width, mve.QUAD):
            yield min(first, element), min(element + mve.QUAD, (y + 1) * width)
            first = INPUT_CONSUMED


def _first_of_rows(model: Model, op: Conv2D, rows: range) -> int:
    """First byte that a convolution reads for these rows of its output."""
    _, k_h, k_w, _ = model.tensor(op.weight).shape
    columns = range(model.tensor(op.output).shape[2])
    reads = (first_read(model, op, (k_h, k_w), (y, x)) for y in rows for x in columns)
    return min(reads, default=INPUT_CONSUMED)


def fields(model: Model, block: FusedBlock, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fused_block_mve`, or of `struct tinyssl_stem_block_mve`."""
    if block.stem is None:
        return _block_fields(model, block, constants)
    after = replace(block, first=block.middle, stem=None)
    return {
        **prefix_fields("block", _block_fields(model, after, constants)),
        **prefix_fields("stem", mve.conv(model, block.stem, constants)),
    }


def _block_fields(model: Model, block: FusedBlock, constants: Constants) -> Fields:
    expand: Fields = {"expand.depth": 0}
    if block.expand is not None:
        expand = prefix_fields("expand", mve.product(model, block.expand, constants))
    return {
        **expand,
        **prefix_fields("depthwise", mve.depthwise(model, block.depthwise, constants)),
        **prefix_fields("project", mve.product(model, block.project, constants)),
        **prefix_fields("add", _add(model, block, constants)),
    }


def _add(model: Model, block: FusedBlock, constants: Constants) -> Fields:
    """The addition of one row, with the block's input on the left."""
    if block.add is None:
        return {"size": 0}
    found = add_params(model, block.add, constants)
    _, height, _, _ = model.tensor(block.output).shape
    found["size"] = model.tensor(block.output).elements // height
    if block.add.right == block.input:
        for name in ("multiplier", "shift", "zero"):
            left, right = f"left_{name}", f"right_{name}"
            found[left], found[right] = found[right], found[left]
    return found
