"""LOG of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Log(FloatOp):
    """The natural logarithm; of 0 minus infinity, of less not a number.

    Within 2 units in the last place of TFLM's, where logf of the two targets differs.
    """

    kind: ClassVar[str] = "LOG"


SPEC = unary_spec(
    Log,
    (float_kernel("log", "math_f32"),),
    TflmNames("AddLog", "elementwise"),
    ulps=2,
)
