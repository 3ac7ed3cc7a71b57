"""CEIL of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Ceil(FloatOp):
    """The smallest whole number that is not below x."""

    kind: ClassVar[str] = "CEIL"


SPEC = unary_spec(
    Ceil,
    (float_kernel("ceil", "math_f32"),),
    TflmNames("AddCeil", "ceil"),
)
