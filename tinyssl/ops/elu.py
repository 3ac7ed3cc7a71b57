"""ELU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import Model
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.table import float_table, table_kernel
from tinyssl.ops.common.unary import Int8Op, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Elu(Int8Op):
    """x, and exp(x) - 1 below zero.

    float32 is within 4 units in the last place of TFLM's, where expm1f of the two targets differs.
    """

    kind: ClassVar[str] = "ELU"


def _elu(x: float) -> float:
    return float(np.float32(math.exp(x)) - np.float32(1)) if x < 0 else x


def _outputs(model: Model, op: Elu) -> list[int]:
    return float_table(model, op, _elu)


SPEC = unary_spec(
    Elu,
    (table_kernel(_outputs), float_kernel("elu", "math_f32")),
    TflmNames("AddElu", "elu"),
    ulps=4,
)
