"""COS of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Cos(FloatOp):
    """The cosine.

    Within 2 units in the last place of TFLM's, where cosf of the two targets differs.
    """

    kind: ClassVar[str] = "COS"


SPEC = unary_spec(
    Cos,
    (float_kernel("cos", "math_f32"),),
    TflmNames("AddCos", "elementwise"),
    ulps=2,
)
