"""EXP of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Exp(FloatOp):
    """e to the power of x.

    Within 2 units in the last place of TFLM's, where expf of the two targets differs.
    """

    kind: ClassVar[str] = "EXP"


SPEC = unary_spec(
    Exp,
    (float_kernel("exp", "math_f32"),),
    TflmNames("AddExp", "exp"),
    ulps=2,
)
