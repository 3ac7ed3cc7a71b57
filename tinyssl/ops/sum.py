"""SUM over any axes; int8, int16 and float32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import reduce, rules
from tinyssl.ops.common.copy import strides
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.move import Move

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Sum(reduce.ReduceOp):
    """Floats are added in the input's order, from 0."""

    kind: ClassVar[str] = "SUM"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _gradient(graph: Backward, op: Sum) -> None:
    """Every element that was added up gets the error of its sum."""
    error, shape = graph.error(op.output), graph.model.tensor(op.input).shape
    kept = strides([1 if axis in op.axes else length for axis, length in enumerate(shape)])
    steps = tuple(0 if axis in op.axes else step for axis, step in enumerate(kept))
    graph.pass_back(
        op.input,
        lambda found: Move(
            index=graph.next_index,
            input=error,
            output=found,
            counts=shape,
            steps=steps,
            start=0,
            kinds=(op.kind,),
        ),
    )


SPEC = OpSpec(
    op=Sum,
    shapes=reduce.reduce_shapes,
    checks=(
        rules.same_types,
        reduce.check_axes,
        partial(reduce.check_sum, reduce.sum_multiplier),
    ),
    gradient=_gradient,
    words=reduce.reduce_words,
    kernels=reduce.sum_kernels(reduce.sum_multiplier),
    tflite=reduce.reduce_format(Sum),
    tflm=TflmNames("AddSum", "reduce"),
)
