"""ABS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.activation_error import function_gradient
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.piecewise import (
    IDENTITY,
    Piecewise,
    check_pieces,
    piecewise_kernels,
    scale_ratio,
)
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import Int16Op, float_kernel, unary_spec
from tinyssl.ops.training.abs_error import AbsError


@dataclass(frozen=True, kw_only=True)
class Abs(Int16Op):
    """The absolute value, from one quantisation to another."""

    kind: ClassVar[str] = "ABS"


def _pieces(model: Model, op: Abs) -> Piecewise:
    ratio = scale_ratio(model, op)
    factor = IDENTITY if ratio == 1 else quantise_multiplier(ratio)
    low, high = INTEGERS[model.tensor(op.output).dtype]
    negated = Multiplier(-factor.value, factor.shift)
    return Piecewise(factor, negated, zero_point(model, op.output), low, high)


_FUNCTION = unary_spec(
    Abs,
    (*piecewise_kernels(_pieces), float_kernel("abs", "exact_f32")),
    TflmNames("AddAbs", "elementwise"),
    checks=(partial(check_pieces, _pieces),),
)
SPEC = replace(_FUNCTION, gradient=function_gradient(AbsError, of_input=True))
