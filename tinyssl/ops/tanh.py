"""TANH."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common.fixed_functions import tanh
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


@dataclass(frozen=True, kw_only=True)
class Tanh(Int16Op):
    """int8 by fixed point, with output scale 1/128 whatever the file says; int16 by a table.

    float32 is within 4 units in the last place of TFLM's, where tanhf of the two targets differs.
    """

    kind: ClassVar[str] = "TANH"


def _outputs(model: Model, op: Tanh) -> list[int]:
    return sigmoid_table(model, op, lambda x: shift_right(tanh(x, Q4_BITS), 24))


SPEC = unary_spec(
    Tanh,
    (table_kernel(_outputs), sigmoid_kernel("tanh", (0, 1)), float_kernel("tanh", "math_f32")),
    TflmNames("AddTanh", "tanh"),
    checks=(check_fraction,),
    ulps=4,
)
