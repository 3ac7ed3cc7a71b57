"""BROADCAST_ARGS: the shape that two shapes broadcast to, where both are constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common.broadcast import broadcast_shape
from tinyssl.ops.common.constants import Arrays, always_folded, input_arrays
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, TfliteFormat

SIZES = (DType.INT32, DType.INT64)


@dataclass(frozen=True, kw_only=True)
class BroadcastArgs(Op):
    """Shapes as numbers."""

    kind: ClassVar[str] = "BROADCAST_ARGS"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("left", SIZES, (Role.CONSTANT,)),
        Operand("right", SIZES, (Role.CONSTANT,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", SIZES),)

    left: int
    right: int
    output: int


def _shapes(model: Model, op: BroadcastArgs) -> tuple[Shape, ...]:
    return ((max(model.tensor(index).elements for index in op.inputs),),)


def _fold(values: Sequence[Value], op: BroadcastArgs) -> Arrays | None:
    left, right = (tuple(map(int, array.ravel())) for array in input_arrays(values, op))
    found = broadcast_shape([left, right])
    return None if found is None else [np.array(found, values[op.output].dtype.value)]


SPEC = OpSpec(
    op=BroadcastArgs,
    shapes=_shapes,
    checks=(always_folded,),
    fold=_fold,
    tflite=TfliteFormat(
        read=lambda op: BroadcastArgs(
            index=op.index, left=op.inputs[0], right=op.inputs[1], output=op.output
        ),
        write=lambda op, _: FileOp(op.kind, 1, op.inputs, op.outputs, "", {}),
        inputs=(2, 2),
    ),
    tflm=TflmNames("AddBroadcastArgs", "broadcast_args"),
)
