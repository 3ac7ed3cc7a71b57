"""RELU as an operator of its own, from one quantisation to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import INTEGERS, Activation
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.piecewise import Piecewise, check_pieces, piecewise_kernels, scale_ratio
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import Int16Op, float_kernel, unary_spec
from tinyssl.ops.training.clamp_error import clamp_gradient
from tinyssl.ops.training.quantised_clamp_error import quantised_clamp_gradient


@dataclass(frozen=True, kw_only=True)
class Relu(Int16Op):
    """max(x, 0)."""

    kind: ClassVar[str] = "RELU"


def _pieces(model: Model, op: Relu) -> Piecewise:
    zero = zero_point(model, op.output)
    _, most = INTEGERS[model.tensor(op.output).dtype]
    factor = quantise_multiplier(scale_ratio(model, op))
    return Piecewise(factor, Multiplier(0, 0), zero, zero, most)


_CLAMP = unary_spec(
    Relu,
    (*piecewise_kernels(_pieces), float_kernel("relu", "exact_f32")),
    TflmNames("AddRelu", "activations"),
    checks=(partial(check_pieces, _pieces),),
)
SPEC = replace(
    _CLAMP,
    gradient=partial(clamp_gradient, Activation.RELU),
    quantised_gradient=partial(quantised_clamp_gradient, Activation.RELU),
)
