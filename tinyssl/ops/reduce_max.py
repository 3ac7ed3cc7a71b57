"""REDUCE_MAX over any axes; int8 and float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import reduce, rules
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, TflmNames

TYPES = (DType.INT8, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class ReduceMax(reduce.ReduceOp):
    """Largest element along some axes."""

    kind: ClassVar[str] = "REDUCE_MAX"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)


SPEC = OpSpec(
    op=ReduceMax,
    shapes=reduce.reduce_shapes,
    checks=(rules.same_types, one_quant, reduce.check_axes),
    words=reduce.reduce_words,
    kernels=reduce.extreme_kernels(TYPES, largest=True),
    tflite=reduce.reduce_format(ReduceMax),
    tflm=TflmNames("AddReduceMax", "reduce"),
)
