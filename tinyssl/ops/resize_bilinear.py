"""RESIZE_BILINEAR: an image of another size, interpolated between four elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.params import Constants, Fields, float_literal
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

OPTIONS = "ResizeBilinearOptions"
BILINEAR_TYPES = (DType.INT8, DType.FLOAT32)
ONE = 1024
"""Places are integers in units of 1/1024 of an input, as in `ResizeBilinearInteger` of TFLM"""


@dataclass(frozen=True, kw_only=True)
class ResizeBilinear(ResizeOp):
    """Interpolates in integers (int8) or in float32."""

    kind: ClassVar[str] = "RESIZE_BILINEAR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", BILINEAR_TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", BILINEAR_TYPES),)


@dataclass(frozen=True)
class SamplingGrid:
    """Where the places of the output lie along an axis of the input, in 1/`ONE`."""

    start: int
    scale: int

    def last(self, count: int) -> int:
        """The last place of so many."""
        return self.start + (count - 1) * self.scale


def _lengths(length: int, count: int, op: ResizeBilinear) -> tuple[int, int]:
    """Input and output lengths whose ratio is the scale."""
    return (length - 1, count - 1) if op.align_corners and count > 1 else (length, count)


def grid(length: int, count: int, op: ResizeBilinear) -> SamplingGrid:
    """The places of an axis.

    Args:
        length: Of the input.
        count: Of the output.
        op: Says where places lie.
    """
    source, target = _lengths(length, count, op)
    scale = (ONE * source + target // 2) // target
    return SamplingGrid(scale // 2 - ONE // 2 if op.half_pixel_centers else 0, scale)


def _check_places(check: OpCheck[ResizeBilinear]) -> None:
    """No place lies behind the input, where TFLM would read what is not there."""
    op = check.op
    if op.align_corners and op.half_pixel_centers:
        raise check.unsupported("corners cannot be aligned while places are centres of pixels")
    lengths = check.tensor(op.input).shape[1:3]
    if check.tensor(op.input).dtype is not DType.INT8:
        return
    for length, count in zip(lengths, op.size, strict=True):
        if grid(length, count, op).last(count) >= length * ONE:
            raise check.unsupported(
                f"{length} elements cannot become {count}: the last lies behind"
            )


def _sizes(model: Model, op: ResizeBilinear) -> Fields:
    batch, height, width, channels = model.tensor(op.input).shape
    rows, columns = op.size
    return {
        "batches": batch,
        "in_h": height,
        "in_w": width,
        "out_h": rows,
        "out_w": columns,
        "channels": channels,
    }


def _integer_params(model: Model, op: ResizeBilinear, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_resize_bilinear_s8`."""
    _, height, width, _ = model.tensor(op.input).shape
    down, right = grid(height, op.size[0], op), grid(width, op.size[1], op)
    return {
        **_sizes(model, op),
        "out_pitch": model.tensor(op.output).shape[3],
        "scale_h": down.scale,
        "scale_w": right.scale,
        "start_h": down.start,
        "start_w": right.start,
    }


def _float_scale(length: int, count: int, op: ResizeBilinear) -> str:
    source, target = _lengths(length, count, op)
    return float_literal(float(np.float32(source) / np.float32(target)))


def _float_params(model: Model, op: ResizeBilinear, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_resize_bilinear_f32`."""
    _, height, width, _ = model.tensor(op.input).shape
    return {
        **_sizes(model, op),
        "scale_h": _float_scale(height, op.size[0], op),
        "scale_w": _float_scale(width, op.size[1], op),
        "centre": "0.5f" if op.half_pixel_centers else "0.0f",
    }


SPEC = OpSpec(
    op=ResizeBilinear,
    shapes=resize_shapes,
    checks=(rules.same_types, check_size, _check_places),
    words=resize_words,
    kernels=(
        Kernel(
            "resize_bilinear_s8",
            "tinyssl_resize_bilinear_s8",
            ("product_f32.h",),
            source="resize_bilinear",
            make_params=_integer_params,
            spacing=output_spacing(_integer_params),
            supports=lambda model, op: model.tensor(op.input).dtype is DType.INT8,
        ),
        Kernel(
            "resize_bilinear_f32",
            "tinyssl_resize_bilinear_f32",
            ("product_f32.h",),
            source="resize_bilinear",
            make_params=_float_params,
        ),
    ),
    tflite=TfliteFormat(
        read=lambda op: ResizeBilinear(**read_resize(op)),
        write=lambda op, to: write_resize(op, to, OPTIONS, 3),
        inputs=(2, 2),
        options=OPTIONS,
        int32_inputs=(1,),
    ),
    tflm=TflmNames("AddResizeBilinear", "resize_bilinear"),
)
