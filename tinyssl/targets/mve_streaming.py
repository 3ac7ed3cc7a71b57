"""How far the output of an MVE kernel may lie over its input: pieces in the order of its C.

No MVE kernel reads ahead: loads of a tail are predicated, and a whole block is only loaded where
all of its bytes belong to the pixel in work. The plain C of `mve.h` reads and writes in that order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinyssl.graph.model import Model
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.overlap import INPUT_CONSUMED, Overlap, streaming_max_offset
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.targets.mve import BLOCK, QUAD
from tinyssl.targets.pointwise import Pointwise, pixel_grid

Piece = tuple[int, int]
"""What is read before it is written, and written before the next is read: the first byte of the
input that it reads (`INPUT_CONSUMED`: none), and the end of what it writes in the output"""

TAPS = 3
"""Rows of a depthwise window"""


def max_offset(pieces: Sequence[Piece]) -> int:
    """The largest offset at which no piece is written over input that a later one reads.

    It is exact: one byte more, and the last byte of some piece is written over one that is read.
    """
    unread, writes = INPUT_CONSUMED, []
    for first, end in reversed(pieces):
        writes.append((end, unread))
        unread = min(unread, first)
    return streaming_max_offset(writes)


def product_line(
    depth: int, count: int, pixels: int, step: int, at: tuple[int, int] = (0, 0)
) -> Iterator[Piece]:
    """`tinyssl_product_line_mve`: `count` outputs for each of `pixels`, `step` bytes apart.

    Args:
        depth: Inputs of a pixel.
        count: Outputs of a pixel.
        pixels: Pixels of the line.
        step: From pixel to pixel in the input.
        at: Where the line starts in the input and in the output.
    """
    quads = [min(quad + QUAD, count) for quad in range(0, count, QUAD)]
    if step == depth <= BLOCK and pixels > 1:
        places = [(at[0] + x * step, at[1] + x * count) for x in range(pixels)]
        yield from ((source, target + end) for end in quads for source, target in places)
        return
    for x in range(0, pixels, 2):
        last = min(x + 1, pixels - 1)
        yield from ((at[0] + x * step, at[1] + last * count + end) for end in quads)


def pointwise(model: Model, op: Pointwise) -> tuple[Overlap, ...]:
    """`conv2d_1x1_s8_mve`: the image is a line, or each row where a stride is not 1."""
    grid = pixel_grid(model, op)
    lines, pixels = grid.lines
    pieces: list[Piece] = []
    for y in range(lines):
        start = (y * grid.stride[0] * grid.in_w * grid.in_c, y * pixels * grid.out_c)
        step = grid.stride[1] * grid.in_c
        pieces += product_line(grid.in_c, grid.out_c, pixels, step, start)
    return _over(op, pieces)


def conv(model: Model, op: Convolution) -> tuple[Overlap, ...]:
    """`conv2d_s8_mve`: two windows of a row are gathered, then their outputs are written."""
    _, out_h, out_w, count = model.tensor(op.output).shape
    taps = (model.tensor(op.weight).shape[1], model.tensor(op.weight).shape[2])
    pieces = []
    for y in range(out_h):
        for x in range(0, out_w, 2):
            last = min(x + 1, out_w - 1)
            read = min(first_read(model, op, taps, (y, at)) for at in (x, last))
            pieces.append((read, (y * out_w + last + 1) * count))
    return _over(op, pieces)


def first_read(
    model: Model, op: Convolution | AveragePool2D, taps: tuple[int, int], at: Piece
) -> int:
    """First byte that a window reads; `INPUT_CONSUMED` where it lies on the padding."""
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    top = at[0] * op.stride[0] - op.padding.top
    left = at[1] * op.stride[1] - op.padding.left
    inside = -taps[0] < top < in_h and -taps[1] < left < in_w
    return (max(top, 0) * in_w + max(left, 0)) * in_c if inside else INPUT_CONSUMED


def _by_channels(
    model: Model, op: DepthwiseConv2D | AveragePool2D, taps: tuple[int, int], group: int
) -> tuple[Overlap, ...]:
    """Pixel by pixel, so many channels at a time."""
    _, out_h, out_w, count = model.tensor(op.output).shape
    pieces = []
    for y in range(out_h):
        for x in range(out_w):
            read = first_read(model, op, taps, (y, x))
            written = (y * out_w + x) * count
            for c in range(0, count, group):
                first = INPUT_CONSUMED if read == INPUT_CONSUMED else read + c
                pieces.append((first, written + min(c + group, count)))
    return _over(op, pieces)


def depthwise(model: Model, op: DepthwiseConv2D) -> tuple[Overlap, ...]:
    """`depthwise_conv2d_s8_mve`: blocks of 16 channels, nine taps of each before it is written."""
    return _by_channels(model, op, (TAPS, TAPS), BLOCK)


def average_pool(model: Model, op: AveragePool2D) -> tuple[Overlap, ...]:
    """`average_pool2d_s8_mve`: four channels of a window, then their outputs."""
    return _by_channels(model, op, op.size, QUAD)


def mean(model: Model, op: Mean) -> tuple[Overlap, ...]:
    """`mean_s8_mve`: all places of four channels, then their outputs."""
    channels = model.tensor(op.input).shape[-1]
    return _over(op, [(c, min(c + QUAD, channels)) for c in range(0, channels, QUAD)])


def dense(model: Model, op: FullyConnected) -> tuple[Overlap, ...]:
    """`fully_connected_s8_mve`: all inputs for each four outputs."""
    depth = model.tensor(op.input).elements
    return _over(op, list(product_line(depth, model.tensor(op.output).elements, 1, depth)))


def _over(op: UnaryOp, pieces: Sequence[Piece]) -> tuple[Overlap, ...]:
    return (Overlap(op.input, max_offset(pieces)),)
