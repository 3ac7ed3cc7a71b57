"""TRANSPOSE: axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, copy_parts, filled, permuted, strides
from tinyssl.ops.common.parts import TYPES
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient

RANK_MAX = 5
"""Of TFLM's kernel"""


@dataclass(frozen=True, kw_only=True)
class Transpose(UnaryOp):
    """Axis `i` of the output is axis `order[i]` of the input."""

    kind: ClassVar[str] = "TRANSPOSE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)

    order: tuple[int, ...]


def _shapes(model: Model, op: Transpose) -> tuple[Shape, ...]:
    return (permuted(model.tensor(op.input).shape, op.order),)


def _check_rank(check: OpCheck[Transpose]) -> None:
    rank = len(check.op.order)
    if rank > RANK_MAX:
        raise check.unsupported(f"{rank} dimensions; up to {RANK_MAX} are supported")


def transpose_copy(model: Model, op: Transpose) -> Copy:
    """What it copies."""
    shape = model.tensor(op.input).shape
    return filled(permuted(shape, op.order), permuted(tuple(strides(shape)), op.order))


def _fold(values: Sequence[Value], op: Transpose) -> Arrays:
    (array,) = input_arrays(values, op)
    return [array.transpose(op.order)]


def _read(op: OperatorContext) -> Transpose:
    order, rank = op.constant(1), len(op.input(0).shape)
    if sorted(order) != list(range(rank)):
        raise op.violation(f"the order {order} is none of {rank} axes")
    return Transpose(index=op.index, output=op.output, input=op.inputs[0], order=tuple(order))


def _write(op: Transpose, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("order", op.order))
    return FileOp(op.kind, 2, inputs, op.outputs, "TransposeOptions", {})


SPEC = OpSpec(
    op=Transpose,
    shapes=_shapes,
    checks=(rules.same_types, _check_rank),
    fold=_fold,
    moves=True,
    words=lambda _, op: [",".join(map(str, op.order))],
    kernels=(copy_kernel(transpose_copy),),
    parts=copy_parts(transpose_copy),
    gradient=move_gradient(transpose_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), int32_inputs=(1,)),
    tflm=TflmNames("AddTranspose", "transpose"),
)
