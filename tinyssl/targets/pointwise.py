"""What is computed pixel by pixel: 1x1 convolutions, and fully connected layers of several rows.

A row of a fully connected layer is a pixel, its elements are the channels; the rows lie side by
side in an image one pixel high.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.graph.model import Model
from tinyssl.ops.common.window import Padding, Size
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.fully_connected import FullyConnected, count_rows

Pointwise = Conv2D | FullyConnected


@dataclass(frozen=True)
class PixelGrid:
    """The pixels that are read and written."""

    in_w: int
    in_c: int
    out_h: int
    out_w: int
    out_c: int
    stride: Size

    @property
    def lines(self) -> tuple[int, int]:
        """Lines and their pixels: one line of all pixels where none is left out."""
        pixels = self.out_h * self.out_w
        return (1, pixels) if self.stride == (1, 1) else (self.out_h, self.out_w)


def pixel_grid(model: Model, op: Pointwise) -> PixelGrid:
    """The pixels of an operator for which `is_pointwise` holds."""
    if isinstance(op, FullyConnected):
        rows = count_rows(model, op)
        out_c, in_c = model.tensor(op.weight).shape
        return PixelGrid(rows, in_c, 1, rows, out_c, (1, 1))
    _, _, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, out_c = model.tensor(op.output).shape
    return PixelGrid(in_w, in_c, out_h, out_w, out_c, op.stride)


def is_pointwise(model: Model, op: Pointwise) -> bool:
    """Each output is made of one pixel, and no pixel lies on the padding."""
    if isinstance(op, FullyConnected):
        return True
    return model.tensor(op.weight).shape[1:3] == (1, 1) and op.padding == Padding()
