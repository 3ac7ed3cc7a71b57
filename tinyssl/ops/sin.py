"""SIN of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Sin(FloatOp):
    """The sine.

    Within 2 units in the last place of TFLM's, where sinf of the two targets differs.
    """

    kind: ClassVar[str] = "SIN"


SPEC = unary_spec(
    Sin,
    (float_kernel("sin", "math_f32"),),
    TflmNames("AddSin", "elementwise"),
    ulps=2,
)
