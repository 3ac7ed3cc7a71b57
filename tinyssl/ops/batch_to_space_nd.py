"""BATCH_TO_SPACE_ND: batches become places of blocks."""

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
from tinyssl.ops.common.pick import INDEX_MAX, Pick, PickedAxis, fold_pick, pick_kernel
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import TfliteFormat


@dataclass(frozen=True, kw_only=True)
class BatchToSpaceNd(BatchBlocksOp):
    """The border is cropped from the image that the blocks make."""

    kind: ClassVar[str] = "BATCH_TO_SPACE_ND"


def _shapes(model: Model, op: BatchToSpaceNd) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    triples = zip(shape[1:], op.block, op.border, strict=False)
    sizes = (length * block - sum(crop) for length, block, crop in triples)
    return ((shape[0] // prod(op.block), *sizes, *shape[1 + len(op.block) :]),)


def _check_batches(check: OpCheck[BatchToSpaceNd]) -> None:
    count, block = check.tensor(check.op.input).shape[0], prod(check.op.block)
    if count % block:
        raise check.violation(f"{count} batches cannot become blocks of {block}")
    most = max(index for axis in _pick(check.model, check.op).axes for index in axis.index)
    if most > INDEX_MAX:
        raise check.unsupported(f"batches of {most + 1} places; {INDEX_MAX + 1} are supported")


def _pick(model: Model, op: BatchToSpaceNd) -> Pick:
    """An image's row lies in the batches of its row in a block; a column likewise."""
    shape, axes = model.tensor(op.input).shape, len(op.block)
    output = model.tensor(op.output).shape
    count, run = output[0], prod(shape[1 + axes :])
    places = prod(shape[1 : 1 + axes])
    picked = [PickedAxis(tuple(range(count)), places * run)]
    for axis in range(axes):
        block, (before, _) = op.block[axis], op.border[axis]
        step = prod(shape[2 + axis : 1 + axes])  # places from one index to the next
        batch = count * prod(op.block[axis + 1 :]) * places // step
        found = (divmod(place + before, block) for place in range(output[1 + axis]))
        picked.append(PickedAxis(tuple(index + at * batch for index, at in found), step * run))
    return Pick(tuple(picked), run)


SPEC = OpSpec(
    op=BatchToSpaceNd,
    shapes=_shapes,
    checks=(rules.same_types, check_blocks, _check_batches),
    words=lambda _, op: ["x".join(map(str, op.block))],
    kernels=(pick_kernel(_pick),),
    fold=fold_pick(_pick),
    tflite=TfliteFormat(
        read=lambda op: BatchToSpaceNd(**read_blocks(op)),
        write=lambda op, to: write_blocks(op, to, "BatchToSpaceNDOptions"),
        inputs=(3, 3),
        int32_inputs=(1, 2),
    ),
    tflm=TflmNames("AddBatchToSpaceNd", "batch_to_space_nd"),
)
