"""LOGISTIC: 1 / (1 + exp(-x))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.fixed_functions import logistic
from tinyssl.ops.common.fixed_point import shift_right
from tinyssl.ops.common.sigmoid import (
    Q4_BITS,
    check_fraction,
    sigmoid_kernel,
    sigmoid_table,
)
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.table import table_kernel
from tinyssl.ops.common.unary import Int16Op, float_kernel, unary_spec

OUT_ZERO = -128


@dataclass(frozen=True, kw_only=True)
class Logistic(Int16Op):
    """int8 by fixed point, with output scale 1/256 whatever the file says; int16 by a table.

    float32 is within 4 units in the last place of TFLM's, where expf of the two targets differs.
    """

    kind: ClassVar[str] = "LOGISTIC"


def _check(check: OpCheck[Logistic]) -> None:
    """TFLM's int8 kernel has one output zero point, its int16 kernel one output scale."""
    if check.tensor(check.op.input).dtype is DType.INT8:
        zero = check.quant(check.op.output).zero_point[0]
        if zero != OUT_ZERO:
            raise check.violation(f"output has zero point {zero}; it must be {OUT_ZERO}")
    check_fraction(check)


def _outputs(model: Model, op: Logistic) -> list[int]:
    return sigmoid_table(model, op, lambda x: shift_right(logistic(x, Q4_BITS), 23) + OUT_ZERO)


SPEC = unary_spec(
    Logistic,
    (
        table_kernel(_outputs),
        sigmoid_kernel("logistic", (0,)),
        float_kernel("logistic", "math_f32"),
    ),
    TflmNames("AddLogistic", "logistic"),
    checks=(_check,),
    ulps=4,
)
