"""SPACE_TO_DEPTH: blocks of places become channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import rules
from tinyssl.ops.common.blocks import BlockOp, check_block, read_block
from tinyssl.ops.common.copy import Copy, copy_kernel, filled, fold_copy
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient


@dataclass(frozen=True, kw_only=True)
class SpaceToDepth(BlockOp):
    """`block` rows of `block` places become one place."""

    kind: ClassVar[str] = "SPACE_TO_DEPTH"


def _shapes(model: Model, op: SpaceToDepth) -> tuple[Shape, ...]:
    batch, height, width, channels = model.tensor(op.input).shape
    return ((batch, height // op.block, width // op.block, channels * op.block**2),)


def _check_sides(check: OpCheck[SpaceToDepth]) -> None:
    check_block(check, check.tensor(check.op.input).shape[1:3], check.op.block)


def _copy(model: Model, op: SpaceToDepth) -> Copy:
    """The output as (rows, columns, rows of a block, its columns and channels)."""
    batch, height, width, channels = model.tensor(op.input).shape
    row, run = width * channels, op.block * channels
    shape = (batch * height // op.block, width // op.block, op.block, run)
    return filled(shape, (op.block * row, run, row, 1))


def _write(op: SpaceToDepth, _: Lowering) -> FileOp:
    fields = {"BlockSize": op.block}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "SpaceToDepthOptions", fields)


def _read(op: OperatorContext) -> SpaceToDepth:
    return SpaceToDepth(index=op.index, output=op.output, input=op.inputs[0], block=read_block(op))


SPEC = OpSpec(
    op=SpaceToDepth,
    shapes=_shapes,
    checks=(rules.same_types, _check_sides),
    words=lambda _, op: [str(op.block)],
    kernels=(copy_kernel(_copy),),
    gradient=move_gradient(_copy),
    fold=fold_copy(_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1), options="SpaceToDepthOptions"),
    tflm=TflmNames("AddSpaceToDepth", "space_to_depth"),
)
