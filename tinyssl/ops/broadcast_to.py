"""BROADCAST_TO: axes of 1 repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.broadcast import broadcast_shape
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, copy_parts, filled, strides
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient

RANK_MAX = 5
"""Of TFLM's kernel"""


@dataclass(frozen=True, kw_only=True)
class BroadcastTo(UnaryOp):
    """The input, repeated until it has a shape."""

    kind: ClassVar[str] = "BROADCAST_TO"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)

    shape: Shape


def _check_shape(check: OpCheck[BroadcastTo]) -> None:
    source, target = check.tensor(check.op.input).shape, check.op.shape
    if broadcast_shape([source, target]) != target:
        raise check.violation(f"shape {list(source)} cannot become {list(target)}")
    if len(target) > RANK_MAX:
        raise check.unsupported(f"{len(target)} dimensions; up to {RANK_MAX} are supported")


def broadcast_copy(model: Model, op: BroadcastTo) -> Copy:
    """What it copies: axes of 1 are read again and again."""
    source = model.tensor(op.input).shape
    source = (1,) * (len(op.shape) - len(source)) + source
    pairs = zip(source, strides(source), strict=True)
    return filled(op.shape, [step if length > 1 else 0 for length, step in pairs])


def _read(op: OperatorContext) -> BroadcastTo:
    return BroadcastTo(
        index=op.index, output=op.output, input=op.inputs[0], shape=tuple(op.constant(1))
    )


def _write(op: BroadcastTo, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("shape", op.shape))
    return FileOp(op.kind, 3, inputs, op.outputs, "BroadcastToOptions", {})


def _fold(values: Sequence[Value], op: BroadcastTo) -> Arrays | None:
    (array,) = input_arrays(values, op)
    return [np.broadcast_to(array, op.shape)]


SPEC = OpSpec(
    op=BroadcastTo,
    shapes=lambda _, op: (op.shape,),
    checks=(rules.same_types, _check_shape),
    fold=_fold,
    moves=True,
    kernels=(copy_kernel(broadcast_copy),),
    parts=copy_parts(broadcast_copy),
    gradient=move_gradient(broadcast_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2)),
    tflm=TflmNames("AddBroadcastTo", "broadcast_to"),
)
