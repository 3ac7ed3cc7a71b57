"""SLICE: a box cut out of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, copy_parts, filled, strides
from tinyssl.ops.common.parts import TYPES
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient

RANK_MAX = 5
"""Of TFLM's kernel"""
SLICE_TYPES = (*TYPES, DType.INT32, DType.BOOL)


@dataclass(frozen=True, kw_only=True)
class Slice(UnaryOp):
    """`begin[i]` to `begin[i] + size[i]` of each axis."""

    kind: ClassVar[str] = "SLICE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", SLICE_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", SLICE_TYPES, plain=True),)

    begin: tuple[int, ...]
    size: tuple[int, ...]


def _shapes(_model: Model, op: Slice) -> tuple[Shape, ...]:
    return (op.size,)


def _check_rank(check: OpCheck[Slice]) -> None:
    rank = len(check.op.begin)
    if rank > RANK_MAX:
        raise check.unsupported(f"{rank} dimensions; up to {RANK_MAX} are supported")


def slice_copy(model: Model, op: Slice) -> Copy:
    """What it copies."""
    steps = strides(model.tensor(op.input).shape)
    start = sum(first * step for first, step in zip(op.begin, steps, strict=True))
    return filled(op.size, steps, start)


def _fold(values: Sequence[Value], op: Slice) -> Arrays:
    (array,) = input_arrays(values, op)
    box = zip(op.begin, op.size, strict=True)
    return [array[tuple(slice(first, first + count) for first, count in box)]]


def _read(op: OperatorContext) -> Slice:
    begin, sizes, shape = op.constant(1), op.constant(2), op.input(0).shape
    if not len(begin) == len(sizes) == len(shape):
        raise op.violation(f"begin {begin} and size {sizes} of {len(shape)} dimensions")
    # -1 stands for all that is left.
    size = [
        length - first if count == -1 else count
        for first, count, length in zip(begin, sizes, shape, strict=True)
    ]
    if any(
        first < 0 or count < 0 or first + count > length
        for first, count, length in zip(begin, size, shape, strict=True)
    ):
        raise op.violation(f"begin {begin} and size {sizes} leave the shape {list(shape)}")
    return Slice(
        index=op.index, output=op.output, input=op.inputs[0], begin=tuple(begin), size=tuple(size)
    )


def _write(op: Slice, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("begin", op.begin), to.constant("size", op.size))
    return FileOp(op.kind, 2, inputs, op.outputs, "SliceOptions", {})


SPEC = OpSpec(
    op=Slice,
    shapes=_shapes,
    checks=(rules.same_types, _check_rank),
    fold=_fold,
    moves=True,
    words=lambda _, op: [f"at {','.join(map(str, op.begin))}"],
    kernels=(copy_kernel(slice_copy),),
    parts=copy_parts(slice_copy),
    gradient=move_gradient(slice_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3)),
    tflm=TflmNames("AddSlice", "slice"),
)
