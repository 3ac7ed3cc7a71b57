"""ROUND of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Round(FloatOp):
    """The nearest whole number, halves to the even one."""

    kind: ClassVar[str] = "ROUND"


SPEC = unary_spec(
    Round,
    (float_kernel("round", "math_f32"),),
    TflmNames("AddRound", "round"),
)
