"""RELU6 as an operator of its own; it keeps the numbers, whatever the output's quantisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import Activation, activation_range
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.piecewise import IDENTITY, Piecewise, piecewise_kernels
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import Int16Op, float_kernel, unary_spec
from tinyssl.ops.training.clamp_error import clamp_gradient
from tinyssl.ops.training.quantised_clamp_error import quantised_clamp_gradient


@dataclass(frozen=True, kw_only=True)
class Relu6(Int16Op):
    """Numbers between the input's 0 and 6."""

    kind: ClassVar[str] = "RELU6"


def _pieces(model: Model, op: Relu6) -> Piecewise:
    zero = zero_point(model, op.input)
    source = model.tensor(op.input)
    low, high = activation_range(Activation.RELU6, model.quant(op.input), source.dtype)
    return Piecewise(IDENTITY, IDENTITY, zero, low, high)


_CLAMP = unary_spec(
    Relu6,
    (*piecewise_kernels(_pieces), float_kernel("relu6", "exact_f32")),
    TflmNames("AddRelu6", "activations"),
)
SPEC = replace(
    _CLAMP,
    gradient=partial(clamp_gradient, Activation.RELU6),
    quantised_gradient=partial(quantised_clamp_gradient, Activation.RELU6),
)
