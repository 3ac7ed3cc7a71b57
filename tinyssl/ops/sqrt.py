"""SQRT of float32."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyssl.ops.common.activation_error import function_gradient
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec
from tinyssl.ops.training.sqrt_error import SqrtError


@dataclass(frozen=True, kw_only=True)
class Sqrt(FloatOp):
    """The square root; of less than 0 not a number."""

    kind: ClassVar[str] = "SQRT"


_FUNCTION = unary_spec(
    Sqrt,
    (float_kernel("sqrt", "math_f32"),),
    TflmNames("AddSqrt", "elementwise"),
)
SPEC = replace(_FUNCTION, gradient=function_gradient(SqrtError))
