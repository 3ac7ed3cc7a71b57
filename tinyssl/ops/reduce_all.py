"""REDUCE_ALL: whether all booleans along some axes are true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import reduce
from tinyssl.ops.common.spec import OpSpec, TflmNames


@dataclass(frozen=True, kw_only=True)
class ReduceAll(reduce.ReduceOp):
    """The smallest of the booleans."""

    kind: ClassVar[str] = "REDUCE_ALL"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.BOOL,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.BOOL,)),)


SPEC = OpSpec(
    op=ReduceAll,
    shapes=reduce.reduce_shapes,
    checks=(reduce.check_axes,),
    words=reduce.reduce_words,
    kernels=reduce.extreme_kernels((DType.BOOL,), largest=False),
    tflite=reduce.reduce_format(ReduceAll),
    tflm=TflmNames("AddReduceAll", "reduce"),
)
