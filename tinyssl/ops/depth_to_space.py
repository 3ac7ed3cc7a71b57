"""DEPTH_TO_SPACE: channels become blocks of places."""

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
class DepthToSpace(BlockOp):
    """A place's channels become `block` rows of `block` places."""

    kind: ClassVar[str] = "DEPTH_TO_SPACE"


def _shapes(model: Model, op: DepthToSpace) -> tuple[Shape, ...]:
    batch, height, width, channels = model.tensor(op.input).shape
    return ((batch, height * op.block, width * op.block, channels // op.block**2),)


def _check_channels(check: OpCheck[DepthToSpace]) -> None:
    check_block(check, check.tensor(check.op.input).shape[3:], check.op.block**2)


def _copy(model: Model, op: DepthToSpace) -> Copy:
    """The output as (rows of the input, block, columns, block, channels)."""
    batch, height, width, channels = model.tensor(op.input).shape
    inner = channels // op.block
    shape = (batch * height, op.block, width, inner)
    return filled(shape, (width * channels, inner, channels, 1))


def _write(op: DepthToSpace, _: Lowering) -> FileOp:
    fields = {"BlockSize": op.block}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "DepthToSpaceOptions", fields)


def _read(op: OperatorContext) -> DepthToSpace:
    return DepthToSpace(index=op.index, output=op.output, input=op.inputs[0], block=read_block(op))


SPEC = OpSpec(
    op=DepthToSpace,
    shapes=_shapes,
    checks=(rules.same_types, _check_channels),
    words=lambda _, op: [str(op.block)],
    kernels=(copy_kernel(_copy),),
    gradient=move_gradient(_copy),
    fold=fold_copy(_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1), options="DepthToSpaceOptions"),
    tflm=TflmNames("AddDepthToSpace", "depth_to_space"),
)
