"""SPACE_TO_BATCH_ND: places of blocks become batches."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.batch_blocks import (
    BatchBlocksOp,
    border_amounts,
    check_blocks,
    read_blocks,
    write_blocks,
)
from tinyssl.ops.common.constants import Arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, filled, fold_copy
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileEdit, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class SpaceToBatchNd(BatchBlocksOp):
    """The places of blocks become batches of their own.

    TFLM fills the border with whatever lies in its memory. Here it is the zero point, as in LiteRT:
    a pass puts a PAD before the operator, and `tflite.complete` does so in the file for TFLM.
    """

    kind: ClassVar[str] = "SPACE_TO_BATCH_ND"

    @property
    def has_border(self) -> bool:
        """Whether it adds places around the image."""
        return any(number for pair in self.border for number in pair)


def _shapes(model: Model, op: SpaceToBatchNd) -> tuple[Shape, ...]:
    shape, axes = model.tensor(op.input).shape, len(op.block)
    triples = zip(shape[1:], op.block, op.border, strict=False)
    sizes = ((length + sum(border)) // block for length, block, border in triples)
    return ((shape[0] * prod(op.block), *sizes, *shape[1 + axes :]),)


def _check_lengths(check: OpCheck[SpaceToBatchNd]) -> None:
    triples = zip(
        check.tensor(check.op.input).shape[1:], check.op.block, check.op.border, strict=False
    )
    for length, block, border in triples:
        if (length + sum(border)) % block:
            raise check.violation(
                f"{length + sum(border)} places cannot be cut into blocks of {block}"
            )


def _copy(model: Model, op: SpaceToBatchNd) -> Copy:
    """The output as (rows of a block, its columns, images, rows, columns, channels)."""
    images, height, *rest = model.tensor(op.input).shape
    width, run = (rest[0], rest[1]) if len(rest) == 2 else (1, rest[0])
    down, right = (*op.block, 1)[:2]
    row = width * run
    shape = (down, right, images, height // down, width // right, run)
    return filled(shape, (row, run, height * row, down * row, right * run, 1))


def _fold(values: Sequence[Value], op: SpaceToBatchNd) -> Arrays | None:
    return None if op.has_border else fold_copy(_copy)(values, op)


def _pad_file(edit: FileEdit) -> list[str]:
    """A PAD before an operator with a border, which then has none."""
    operator = edit.operator
    border = edit.content(operator.inputs[2])
    if border is None or not border.any():
        return []
    source = edit.tensors[int(operator.inputs[0])]
    rank = len(source.shape)
    amounts = np.array(border_amounts(border.reshape(-1, 2).tolist(), rank), "<i4")
    edit.add_constant(amounts)
    padded = copy(source)
    padded.shape = np.array(source.shape, "<i4") + amounts.sum(1, dtype="<i4")
    padded.shapeSignature, padded.name, padded.buffer = None, b"", 0
    edit.tensors.append(padded)
    last = len(edit.tensors) - 1
    edit.insert("PAD", [int(operator.inputs[0]), last - 1], [last])
    edit.add_constant(np.zeros_like(border.reshape(-1, 2), "<i4"))
    operator.inputs = [last, int(operator.inputs[1]), last + 1]
    return ["its border as a PAD"]


SPEC = OpSpec(
    op=SpaceToBatchNd,
    shapes=_shapes,
    checks=(rules.same_types, check_blocks, _check_lengths),
    words=lambda _, op: ["x".join(map(str, op.block))],
    kernels=(replace(copy_kernel(_copy), supports=lambda _, op: not op.has_border),),
    fold=_fold,
    tflite=TfliteFormat(
        read=lambda op: SpaceToBatchNd(**read_blocks(op)),
        write=lambda op, to: write_blocks(op, to, "SpaceToBatchNDOptions"),
        inputs=(3, 3),
        int32_inputs=(1, 2),
        insert=_pad_file,
    ),
    tflm=TflmNames("AddSpaceToBatchNd", "space_to_batch_nd"),
)
