"""SQUARE of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Square(FloatOp):
    """x * x."""

    kind: ClassVar[str] = "SQUARE"


SPEC = unary_spec(
    Square,
    (float_kernel("square", "exact_f32"),),
    TflmNames("AddSquare", "elementwise"),
)
