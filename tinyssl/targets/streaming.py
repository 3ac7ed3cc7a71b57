"""How far the output of a kernel may lie over its input: what its order of reads and writes allows.

Each function speaks of one kernel; the tests run every kernel on its permission's edge.
"""

from __future__ import annotations

import itertools

from tinyssl.graph.model import Model
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.overlap import Overlap, streaming_max_offset
from tinyssl.targets.pointwise import Pointwise, pixel_grid

GROUP = 4
"""Outputs that the product computes at a time"""


def pointwise(model: Model, op: Pointwise) -> tuple[Overlap, ...]:
    """`conv2d_1x1_s8_dsp`: four, two or one pixel into a column, then their outputs, in order."""
    grid = pixel_grid(model, op)
    lines, pixels = grid.lines
    places = [(y, x) for y in range(lines) for x in _groups(pixels)]
    starts = [(y * grid.stride[0] * grid.in_w + x * grid.stride[1]) * grid.in_c for y, x in places]
    ends = [(y * pixels + x) * grid.out_c for y, x in places[1:]]
    return (Overlap(op.input, streaming_max_offset(zip(ends, starts[1:], strict=True))),)


def _groups(pixels: int) -> list[int]:
    """First pixels of the fours, the two and the one that a row is made of."""
    fours = pixels // GROUP * GROUP
    tail = [fours] if pixels & 2 else []
    if pixels & 1:
        tail.append(pixels - 1)
    return [*range(0, fours, GROUP), *tail]


def conv(model: Model, op: Convolution) -> tuple[Overlap, ...]:
    """`conv2d_s8_dsp`: row by row in fours, each after its windows were read.

    What no four covers is computed after all rows, from input that must be there still.
    """
    _, _, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, out_c = model.tensor(op.output).shape
    if out_w % GROUP:
        return ()
    places = [(y, x) for y in range(out_h) for x in range(0, out_w, GROUP)]
    tops = [max(y * op.stride[0] - op.padding.top, 0) for y in range(out_h)]
    writes = []
    for (y, x), after in itertools.pairwise(places):
        left = max(after[1] * op.stride[1] - op.padding.left, 0) if after[0] == y else 0
        unread = tops[after[0]] * in_w + left
        if y + 1 < out_h:  # the next row of windows may begin as high, but at the left
            unread = min(unread, tops[y + 1] * in_w)
        writes.append(((y * out_w + x + GROUP) * out_c, unread * in_c))
    return (Overlap(op.input, streaming_max_offset(writes)),)
