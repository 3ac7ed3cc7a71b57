"""SHAPE: the dimensions of a tensor, which are known when the file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Op, Operand, Value
from tinyssl.ops.common.constants import Arrays, always_folded
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class ShapeOf(Op):
    """Reads no element of its input, so that is no operand."""

    kind: ClassVar[str] = "SHAPE"
    operands: ClassVar[tuple[Operand, ...]] = ()
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.INT32, DType.INT64)),)

    source: int
    """The tensor whose shape it is"""
    output: int


def _fold(values: Sequence[Value], op: ShapeOf) -> Arrays:
    return [np.array(values[op.source].shape, values[op.output].dtype.value)]


def _read(op: OperatorContext) -> ShapeOf:
    return ShapeOf(index=op.index, source=op.inputs[0], output=op.output)


def _write(op: ShapeOf, to: Lowering) -> FileOp:
    wide = to.tensors[op.output].dtype is DType.INT64
    return FileOp(
        op.kind, 1, (op.source,), op.outputs, "ShapeOptions", {"OutType": 4 if wide else 2}
    )


SPEC = OpSpec(
    op=ShapeOf,
    shapes=lambda model, op: ((len(model.tensor(op.source).shape),),),
    checks=(always_folded,),
    fold=_fold,
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1)),
    tflm=TflmNames("AddShape", "shape"),
)
