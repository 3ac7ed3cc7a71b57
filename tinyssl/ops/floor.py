"""FLOOR of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Floor(FloatOp):
    """The largest whole number that is not above x."""

    kind: ClassVar[str] = "FLOOR"


SPEC = unary_spec(
    Floor,
    (float_kernel("floor", "math_f32"),),
    TflmNames("AddFloor", "floor"),
)
