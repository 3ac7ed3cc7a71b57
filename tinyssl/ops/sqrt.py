"""SQRT of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Sqrt(FloatOp):
    """The square root; of less than 0 not a number."""

    kind: ClassVar[str] = "SQRT"


SPEC = unary_spec(
    Sqrt,
    (float_kernel("sqrt", "math_f32"),),
    TflmNames("AddSqrt", "elementwise"),
)
