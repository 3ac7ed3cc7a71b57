"""NEG of float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import FloatOp, float_kernel, unary_spec


@dataclass(frozen=True, kw_only=True)
class Neg(FloatOp):
    """-x."""

    kind: ClassVar[str] = "NEG"


SPEC = unary_spec(
    Neg,
    (float_kernel("neg", "exact_f32"),),
    TflmNames("AddNeg", "neg"),
)
