"""REDUCE_PROD of integers, which are known when the file is read: how many elements axes have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common.constants import Arrays, always_folded, input_arrays
from tinyssl.ops.common.parts import positive_axes
from tinyssl.ops.common.reduce import reduced_shape
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT32, DType.INT64)


@dataclass(frozen=True, kw_only=True)
class ReduceProd(Op):
    """The product of all elements along some axes."""

    kind: ClassVar[str] = "REDUCE_PROD"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, (Role.CONSTANT,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    input: int
    output: int
    axes: tuple[int, ...]
    """From the front, in order"""
    keep_dims: bool


def _shapes(model: Model, op: ReduceProd) -> tuple[Shape, ...]:
    return (reduced_shape(model.tensor(op.input).shape, op.axes, op.keep_dims),)


def _fold(values: Sequence[Value], op: ReduceProd) -> Arrays | None:
    (array,) = input_arrays(values, op)
    if values[op.input].dtype not in TYPES:
        return None
    product = np.prod(array, axis=op.axes, dtype=array.dtype, keepdims=op.keep_dims)
    return [np.asarray(product)]


def _read(op: OperatorContext) -> ReduceProd:
    return ReduceProd(
        index=op.index,
        input=op.inputs[0],
        output=op.output,
        axes=positive_axes(op, op.constant(1), len(op.input(0).shape)),
        keep_dims=bool(op.require_options().keepDims),
    )


def _write(op: ReduceProd, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axes", op.axes))
    return FileOp(op.kind, 1, inputs, op.outputs, "ReducerOptions", {"KeepDims": op.keep_dims})


SPEC = OpSpec(
    op=ReduceProd,
    shapes=_shapes,
    checks=(always_folded,),
    fold=_fold,
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), options="ReducerOptions"),
    tflm=TflmNames("", ""),
)
