"""RESIZE_NEAREST_NEIGHBOR: an image of another size, of the nearest elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.parts import TYPES
from tinyssl.ops.common.pick import Pick, fold_pick, pick_axes, pick_kernel
from tinyssl.ops.common.resize import (
    ResizeOp,
    check_size,
    read_resize,
    resize_shapes,
    resize_words,
    write_resize,
)
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import TfliteFormat

OPTIONS = "ResizeNearestNeighborOptions"


@dataclass(frozen=True, kw_only=True)
class ResizeNearestNeighbor(ResizeOp):
    """Copies elements."""

    kind: ClassVar[str] = "RESIZE_NEAREST_NEIGHBOR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)


def nearest(length: int, count: int, op: ResizeNearestNeighbor) -> list[int]:
    """For each place of the output along an axis, the input's; in float32, as TFLM works it out.

    Args:
        length: Of the input.
        count: Of the output.
        op: Says where places lie.
    """
    corners = op.align_corners and count > 1
    scale = np.float32(length - 1 if corners else length) / np.float32(
        count - 1 if corners else count
    )
    offset = np.float32(0.5 if op.half_pixel_centers else 0.0)
    places = (np.arange(count, dtype=np.float32) + offset) * scale
    # Halves are rounded up: places are never negative.
    found = np.floor(places.astype(np.float64) + 0.5) if op.align_corners else np.floor(places)
    return [int(place) for place in np.minimum(found, length - 1)]


def _pick(model: Model, op: ResizeNearestNeighbor) -> Pick:
    shape = model.tensor(op.input).shape
    rows, columns = nearest(shape[1], op.size[0], op), nearest(shape[2], op.size[1], op)
    return pick_axes(shape, [range(shape[0]), rows, columns, range(shape[3])])


SPEC = OpSpec(
    op=ResizeNearestNeighbor,
    shapes=resize_shapes,
    checks=(rules.same_types, check_size),
    words=resize_words,
    kernels=(pick_kernel(_pick),),
    fold=fold_pick(_pick),
    tflite=TfliteFormat(
        read=lambda op: ResizeNearestNeighbor(**read_resize(op)),
        write=lambda op, to: write_resize(op, to, OPTIONS, 3),
        inputs=(2, 2),
        options=OPTIONS,
        int32_inputs=(1,),
    ),
    tflm=TflmNames("AddResizeNearestNeighbor", "resize_nearest_neighbor"),
)
