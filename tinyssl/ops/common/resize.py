"""Images of another height and width: what RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext
from tinyssl.ops.common.window import GEOMETRY_MAX


@dataclass(frozen=True, kw_only=True)
class ResizeOp(UnaryOp):
    """An NHWC tensor brought to a size."""

    size: tuple[int, int]
    """Height and width of the output"""
    align_corners: bool = False
    """The first and last places of input and output fall on each other"""
    half_pixel_centers: bool = False
    """Places are centres of pixels, not corners"""


def resize_shapes(model: Model, op: ResizeOp) -> tuple[Shape, ...]:
    """Shape of the output."""
    shape = model.tensor(op.input).shape
    return ((shape[0], *op.size, shape[3]),)


def check_size(check: OpCheck[ResizeOp]) -> None:
    """The size fits the kernel's parameters."""
    if not all(1 <= length <= GEOMETRY_MAX for length in check.op.size):
        raise check.violation(f"size {list(check.op.size)} must be 1 to {GEOMETRY_MAX}")


def resize_words(_: Model, op: ResizeOp) -> list[str]:
    """`16x16 align corners`"""
    flags = {"align corners": op.align_corners, "half pixel centres": op.half_pixel_centers}
    return ["x".join(map(str, op.size)), *(name for name, on in flags.items() if on)]


def read_resize(op: OperatorContext) -> dict[str, Any]:
    """The dataclass's fields."""
    op.require_rank(0, 4)
    size, options = op.constant(1), op.require_options()
    if len(size) != 2:
        raise op.violation(f"the size {size} must be height and width")
    return {
        "index": op.index,
        "input": op.inputs[0],
        "output": op.output,
        "size": (size[0], size[1]),
        "align_corners": bool(options.alignCorners),
        "half_pixel_centers": bool(options.halfPixelCenters),
    }


def write_resize(op: ResizeOp, to: Lowering, options: str, version: int) -> FileOp:
    """As the file has it: the size is a constant input."""
    fields = {"AlignCorners": op.align_corners, "HalfPixelCenters": op.half_pixel_centers}
    inputs = (op.input, to.constant("size", op.size))
    return FileOp(op.kind, version, inputs, op.outputs, options, fields)
