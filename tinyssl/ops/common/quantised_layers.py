"""INT8 layers of weighted sums that learn: their forward pass, and their backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import Model
from tinyssl.ops.common import weights
from tinyssl.ops.common.fixed_point import INT32_MAX
from tinyssl.ops.common.gradient import Backward, Gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.layer_kernels import LearntGeometry, learns, learnt_geometry
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.scaled_error import ScaledError
from tinyssl.ops.common.sums import GetSums
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.training.quantised_clamp_error import quantised_error_before
from tinyssl.ops.training.quantised_layer_error import QuantisedLayerError
from tinyssl.ops.training.quantised_layer_update import QuantisedLayerUpdate

LEARNT_FILES = (
    *("fully_connected_s8.c", "fully_connected_s8.h", "conv2d_s8.c", "conv2d_s8.h"),
    *("depthwise_conv2d_s8.c", "depthwise_conv2d_s8.h", "convolution.c", "convolution.h"),
    *("product_f32.h", "spread.h"),
)
WEIGHT_MAX, INPUT_MAX, ERROR_MAX = 128, 255, 127
"""Sizes of a learnt weight, of an input less its zero point, of an element of an error"""
SHARE_BITS = 8
"""Of a channel's scale over the largest, at most"""
SUM_BITS = 30
"""Of sums of errors, with their sign"""


LEARNT_NAMES = {
    "fully_connected_s8": "fully_connected",
    "conv2d_s8": "conv2d",
    "depthwise_conv2d_s8": "depthwise",
    "convolution_s8": "convolution",
}
"""Plain kernel -> what the form of it is called that reads weights in RAM"""


def learnt_kernels(kernels: Iterable[Kernel[Any]]) -> tuple[Kernel[Any], ...]:
    """Plain kernels where weights, biases or both are in RAM, in the order of their tensors."""
    return tuple(_learnt(kernel) for kernel in kernels if kernel.name in LEARNT_NAMES)


def _learnt(kernel: Kernel[Any]) -> Kernel[Any]:
    def params(model: Model, op: WeightedOp, constants: Constants) -> Fields:
        return {
            **prefix_fields("layer", kernel.make_params(model, op, constants)),
            "weight_learns": int(learns(model, op.weight)),
            "bias_learns": int(learns(model, op.bias)),
        }

    def supports(model: Model, op: WeightedOp) -> bool:
        return bool(weights.trained(model, op)) and kernel.supports(model, op)

    name = LEARNT_NAMES[kernel.name]
    return Kernel(
        f"learnt_{name}_s8",
        f"tinyssl_learnt_{name}",
        LEARNT_FILES,
        source="learnt_s8",
        supports=supports,
        make_params=params,
        variadic=True,
        learns=True,
    )


def channel_shares(scales: tuple[float, ...], terms: int) -> tuple[int, tuple[int, ...]]:
    """The scales of channels over the largest, as whole numbers of 2^-bits, and the bits.

    Args:
        scales: Of a layer's weights, one a channel, or one.
        terms: Taps that an input meets in each channel.

    Raises:
        ValueError: Sums could pass 30 bits.
    """
    largest = max(scales)
    for bits in range(SHARE_BITS if len({*scales}) > 1 else 0, -1, -1):
        shares = tuple(round(scale / largest * 2**bits) for scale in scales)
        if sum(shares) * terms * ERROR_MAX * WEIGHT_MAX < 2 ** (SUM_BITS - 1):
            return bits, shares
    raise ValueError("too many channels for sums of 30 bits")


def quantised_layer_gradient(get_sums: GetSums) -> Gradient[Any]:
    """The backward pass of an INT8 operator whose sums a function gives."""
    return partial(_gradient, get_sums)


@dataclass(frozen=True)
class _Layer:
    """A layer on the way back."""

    graph: Backward
    op: WeightedOp
    sums: LearntGeometry
    error: int
    """Of its sums, int8"""

    @property
    def scales(self) -> tuple[float, ...]:
        """Of its weights, one a channel."""
        scale = self.graph.model.quant(self.op.weight).scale
        return scale if len(scale) > 1 else scale * self.sums.taps[0]


def _gradient(get_sums: GetSums, graph: Backward, op: WeightedOp) -> None:
    sums = learnt_geometry(get_sums(graph.model, op))
    layer = _Layer(graph, op, sums, quantised_error_before(graph, op.output, op.activation))
    _check_sizes(layer)
    _pass_back(layer)
    _update(layer)


def _check_sizes(layer: _Layer) -> None:
    """Sums of gradients and of errors stay inside int32.

    Raises:
        UnsupportedModel: They do not.
    """
    pixels = prod(layer.sums.target[:3])
    terms = layer.sums.taps[0] * prod(layer.sums.taps[1:3])
    if max(pixels * INPUT_MAX * ERROR_MAX, 2 * terms * ERROR_MAX * WEIGHT_MAX) > INT32_MAX:
        what = f"its {pixels:,} places or {terms:,} taps are too many to learn in INT8"
        raise blocked([Blocker(layer.op.label, what, "let it learn in float32")])


def _pass_back(layer: _Layer) -> None:
    graph, op, sums = layer.graph, layer.op, layer.sums
    if not graph.wants_error(op.input):
        return
    bits, shares = channel_shares(layer.scales, prod(sums.taps[1:3]))
    factor = graph.scale(layer.error) * max(layer.scales) * 2.0**-bits
    found: ScaledError = graph.scaled_error(op.input, factor)
    graph.append(
        QuantisedLayerError(
            index=graph.next_index,
            error=layer.error,
            exponent=graph.exponent(layer.error),
            weight=op.weight,
            output=found.error,
            out_exponent=found.exponent,
            exponent_step=found.exponent_step,
            shares=shares,
            layer=sums,
        )
    )
    graph.share_error(op.input, found.error)


def _update(layer: _Layer) -> None:
    graph, op = layer.graph, layer.op
    trained = weights.trained(graph.model, op)
    if not trained:
        return
    source, scale = graph.model.quant(op.input).scale[0], graph.scale(layer.error)
    bias = op.bias if op.bias in trained else None
    graph.append(
        QuantisedLayerUpdate(
            index=graph.next_index,
            input=op.input if op.weight in trained else None,
            error=layer.error,
            exponent=graph.exponent(layer.error),
            rate=graph.rate_of(trained),
            weight=op.weight if op.weight in trained else None,
            bias=bias,
            rounding=graph.rounding,
            layer=layer.sums,
            in_zero=graph.model.quant(op.input).zero_point[0],
            weight_steps=_steps(layer.scales, source * scale, graph.aware),
            bias_steps=_steps(tuple(source * each for each in layer.scales), scale, graph.aware),
            bias_most=_bias_most(graph.model, op),
        )
    )


def _steps(scales: tuple[float, ...], factor: float, aware: bool) -> tuple[float, ...]:
    """Quantisation steps of each channel for a rate of 1 and a sum of 1.

    The gradient by a quantised number is that by its real value, times the scale. A step by it is
    too small by the scale's square: quantisation-aware scaling divides by that (Lin et al.,
    arXiv 2206.15472, equation 4). A scale of 0 stands for channels that are 0 for good.

    Args:
        scales: Of the parameter.
        factor: Of a sum, for the gradient by real values.
        aware: Without, the gradient stays as it is, for comparison.
    """
    if not aware:
        return tuple(factor * scale for scale in scales)
    return tuple(factor / scale if scale else 0.0 for scale in scales)


def _bias_most(model: Model, op: WeightedOp) -> int:
    """The largest bias with which no sum of learnt weights, shifted, passes int32.

    Raises:
        UnsupportedModel: There is none.
    """
    weight = model.tensor(op.weight)
    inputs = weight.elements // weight.shape[op.channel_axis]
    shift = max(multiplier.shift for multiplier in weights.channel_multipliers(model, op))
    most = (INT32_MAX - 128 >> max(shift, 0)) - inputs * INPUT_MAX * WEIGHT_MAX
    first = 0 if op.bias is None else int(np.abs(model.tensor(op.bias).array()).max())
    if most < max(first, 1):
        what = f"a bias of {first:,} leaves no room for sums of learnt weights"
        raise blocked([Blocker(op.label, what, "let it learn in float32")])
    return most
