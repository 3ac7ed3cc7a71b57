"""SUM over any axes; int8, int16 and float32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import reduce, rules
from tinyssl.ops.common.spec import OpSpec, TflmNames

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Sum(reduce.ReduceOp):
    """Floats are added in the input's order, from 0."""

    kind: ClassVar[str] = "SUM"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


SPEC = OpSpec(
    op=Sum,
    shapes=reduce.reduce_shapes,
    checks=(
        rules.same_types,
        reduce.check_axes,
        partial(reduce.check_sum, reduce.sum_multiplier),
    ),
    words=reduce.reduce_words,
    kernels=reduce.sum_kernels(reduce.sum_multiplier),
    tflite=reduce.reduce_format(Sum),
    tflm=TflmNames("AddSum", "reduce"),
)
