"""RANGE: numbers from a start in equal steps, which are known when the file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common.constants import Arrays, always_folded, input_arrays
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT32, DType.INT64)
CONSTANTS = tuple(Operand(name, TYPES, (Role.CONSTANT,)) for name in ("start", "limit", "delta"))


@dataclass(frozen=True, kw_only=True)
class Range(Op):
    """From `start` up to `limit`, or down to it, in steps of `delta`."""

    kind: ClassVar[str] = "RANGE"
    operands: ClassVar[tuple[Operand, ...]] = CONSTANTS
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    start: int
    limit: int
    delta: int
    output: int


def _shapes(model: Model, op: Range) -> tuple[Shape, ...]:
    return ((len(_numbers(model.tensors, op)),),)


def _numbers(values: Sequence[Value], op: Range) -> range:
    start, limit, delta = (int(array.ravel()[0]) for array in input_arrays(values, op))
    return range(start, limit, delta)


def _fold(values: Sequence[Value], op: Range) -> Arrays | None:
    output = values[op.output]
    if output.dtype not in TYPES:
        return None
    numbers = _numbers(values, op)
    count = min(len(numbers), output.elements + 1)  # no more than to see that they do not fit
    return [np.array(numbers[:count], output.dtype.value)]


def _read(op: OperatorContext) -> Range:
    start, limit, delta = op.inputs
    return Range(index=op.index, start=start, limit=limit, delta=delta, output=op.output)


def _write(op: Range, _: Lowering) -> FileOp:
    return FileOp(op.kind, 1, op.inputs, op.outputs, "RangeOptions", {})


SPEC = OpSpec(
    op=Range,
    shapes=_shapes,
    checks=(always_folded,),
    fold=_fold,
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3)),
    tflm=TflmNames("", ""),
)
