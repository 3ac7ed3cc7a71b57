"""DYNAMIC_UPDATE_SLICE: a tensor with a smaller one over it, at a computed place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Value
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import COPY_FILES, LOOPS, Copy, CopyLoop, copy_fields, merged, strides
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Constants, Fields, number_list, prefix_fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

UPDATED_TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class DynamicUpdateSlice(Op):
    """A start that leaves no room for the update is brought back to the last that does."""

    kind: ClassVar[str] = "DYNAMIC_UPDATE_SLICE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", UPDATED_TYPES, plain=True),
        Operand("update", UPDATED_TYPES, plain=True),
        Operand("starts", (DType.INT32, DType.INT64)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", UPDATED_TYPES, plain=True),)

    input: int
    update: int
    starts: int
    """One number for each axis"""
    output: int


def _check(check: OpCheck[DynamicUpdateSlice]) -> None:
    """The update fits into the tensor, and all hold the same kind of numbers."""
    op = check.op
    whole, part, starts = (check.tensor(index) for index in op.inputs)
    rank = len(whole.shape)
    fits = len(part.shape) == rank and all(map(int.__le__, part.shape, whole.shape))
    if not fits or starts.shape != (rank,):
        raise check.violation(
            f"{rank} starts are needed for an update of {list(part.shape)} in "
            f"{list(whole.shape)}; there are {list(starts.shape)}"
        )
    if rank > LOOPS:
        raise check.unsupported(f"{rank} dimensions; up to {LOOPS} are supported")
    for value in (part, check.tensor(op.output)):
        if value.dtype is not whole.dtype:
            raise check.violation(f"{whole.name} and {value.name} must have the same type")


def _params(model: Model, op: DynamicUpdateSlice, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_dynamic_update_slice`."""
    whole, part = model.tensor(op.input), model.tensor(op.update)
    steps, size, rank = strides(whole.shape), whole.dtype.bytes, len(whole.shape)
    copy = merged(Copy(tuple(map(CopyLoop, part.shape, strides(part.shape), steps))))
    none = [0] * (LOOPS - rank)
    last = [most - count for most, count in zip(whole.shape, part.shape, strict=True)]
    return {
        "bytes": whole.bytes,
        **prefix_fields("update", copy_fields(copy, size)),
        "rank": rank,
        "wide": int(model.tensor(op.starts).dtype is DType.INT64),
        "last": number_list([*last, *none]),
        "step": number_list([*(step * size for step in steps), *none]),
    }


def _overlaps(_: Model, op: DynamicUpdateSlice) -> tuple[Overlap, ...]:
    return () if op.input in (op.update, op.starts) else (Overlap(op.input, exact=True),)


def _fold(values: Sequence[Value], op: DynamicUpdateSlice) -> Arrays | None:
    whole, part, starts = input_arrays(values, op)
    room = np.subtract(whole.shape, part.shape)
    if whole.ndim != part.ndim or starts.shape != room.shape or (room < 0).any():
        return None
    first = np.clip(starts, 0, room)
    result = whole.copy()
    result[tuple(map(slice, first, first + part.shape))] = part
    return [result]


def _read(op: OperatorContext) -> DynamicUpdateSlice:
    whole, part, starts = op.inputs
    return DynamicUpdateSlice(
        index=op.index, output=op.output, input=whole, update=part, starts=starts
    )


def _write(op: DynamicUpdateSlice, to: Lowering) -> FileOp:
    version = 2 if to.tensors[op.starts].dtype is DType.INT64 else 1
    return FileOp(op.kind, version, op.inputs, op.outputs, "DynamicUpdateSliceOptions", {})


SPEC = OpSpec(
    op=DynamicUpdateSlice,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(_check,),
    fold=_fold,
    kernels=(
        Kernel(
            "dynamic_update_slice",
            "tinyssl_dynamic_update_slice",
            COPY_FILES,
            make_params=_params,
            variadic=True,
            overlaps=_overlaps,
        ),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3)),
    tflm=TflmNames("AddDynamicUpdateSlice", "dynamic_update_slice"),
)
