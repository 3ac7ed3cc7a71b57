"""SQUARE of float32."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyssl.ops.common.activation_error import function_gradient
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec
from tinyssl.ops.training.square_error import SquareError


@dataclass(frozen=True, kw_only=True)
class Square(FloatOp):
    """x * x."""

    kind: ClassVar[str] = "SQUARE"


_FUNCTION = unary_spec(
    Square,
    (float_kernel("square", "exact_f32"),),
    TflmNames("AddSquare", "elementwise"),
)
SPEC = replace(_FUNCTION, gradient=function_gradient(SquareError, of_input=True))
