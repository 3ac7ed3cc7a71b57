"""SPACE_TO_BATCH_ND: places of blocks become batches."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import rules
from tinyssl.ops.common.batch_blocks import (
    BatchBlocksOp,
    check_blocks,
    read_blocks,
    write_blocks,
)
from tinyssl.ops.common.copy import Copy, copy_kernel, filled
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import TfliteFormat


@dataclass(frozen=True, kw_only=True)
class SpaceToBatchNd(BatchBlocksOp):
    """The places of blocks become batches of their own."""

    kind: ClassVar[str] = "SPACE_TO_BATCH_ND"


def _shapes(model: Model, op: SpaceToBatchNd) -> tuple[Shape, ...]:
    shape, axes = model.tensor(op.input).shape, len(op.block)
    sizes = (length // block for length, block in zip(shape[1:], op.block, strict=False))
    return ((shape[0] * prod(op.block), *sizes, *shape[1 + axes :]),)


def _check_lengths(check: OpCheck[SpaceToBatchNd]) -> None:
    op = check.op
    if any(number for pair in op.border for number in pair):
        raise check.tflm_wrong(
            "a border around the image: TensorFlow Lite Micro fills it with whatever lies in its "
            "memory",
            "it belongs to a dilated convolution: convert so that the dilation is in the "
            "convolution, or use a larger kernel, a stride or a pooling in its place",
        )
    for length, block in zip(check.tensor(op.input).shape[1:], op.block, strict=False):
        if length % block:
            raise check.violation(f"{length} places cannot be cut into blocks of {block}")


def _copy(model: Model, op: SpaceToBatchNd) -> Copy:
    """The output as (rows of a block, its columns, images, rows, columns, channels)."""
    images, height, *rest = model.tensor(op.input).shape
    width, run = (rest[0], rest[1]) if len(rest) == 2 else (1, rest[0])
    down, right = (*op.block, 1)[:2]
    row = width * run
    shape = (down, right, images, height // down, width // right, run)
    return filled(shape, (row, run, height * row, down * row, right * run, 1))


SPEC = OpSpec(
    op=SpaceToBatchNd,
    shapes=_shapes,
    checks=(rules.same_types, one_quant, check_blocks, _check_lengths),
    words=lambda _, op: ["x".join(map(str, op.block))],
    kernels=(copy_kernel(_copy),),
    tflite=TfliteFormat(
        read=lambda op: SpaceToBatchNd(**read_blocks(op)),
        write=lambda op, to: write_blocks(op, to, "SpaceToBatchNDOptions"),
        max_version=4,
        inputs=(3, 3),
        int32_inputs=(1, 2),
    ),
    tflm=TflmNames("AddSpaceToBatchNd", "space_to_batch_nd"),
)
