"""Layers of weighted sums that learn: their kernels, and their backward pass."""

from __future__ import annotations

from functools import partial
from typing import Any

from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import Model
from tinyssl.ops.common import weights
from tinyssl.ops.common.gradient import Backward, Gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.sums import GetSums, LayerGeometry, float_clamp, layer_fields
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.layer_error import FILES, LayerError
from tinyssl.ops.training.layer_update import LayerUpdate


def trained_kernels(get_sums: GetSums) -> tuple[Kernel[Any], ...]:
    """The forward pass with weight and bias, or the bias alone, in the arena."""
    return tuple(
        Kernel(
            f"convolution_{name}_f32",
            "tinyssl_convolution",
            FILES,
            source="convolution_training_f32",
            supports=partial(_supports, parameters),
            make_params=partial(_params, get_sums),
        )
        for name, parameters in (("weight", 2), ("bias", 1))
    )


def _supports(parameters: int, model: Model, op: WeightedOp) -> bool:
    return len(weights.trained(model, op)) == parameters


def _params(get_sums: GetSums, model: Model, op: WeightedOp, constants: Constants) -> Fields:
    """Members of `struct tinyssl_convolution`."""
    frozen = model.tensor(op.weight).constant
    weight = constants.tensor("weight", op.weight) if frozen else "NULL"
    layer = _geometry(get_sums, model, op)
    return layer_fields(layer, weight) | float_clamp(op.activation)


def _geometry(get_sums: GetSums, model: Model, op: WeightedOp) -> LayerGeometry:
    """The layer's form, without its weights.

    Raises:
        UnsupportedModel: The kernels need the weights in another order than the layer has them.
    """
    sums = get_sums(model, op)
    if sums.taps[0] != model.tensor(op.weight).shape[0]:
        what = "its weights do not lie channel by channel, as training needs them"
        raise blocked([Blocker(op.label, what, "let its bias learn, or another layer")])
    return LayerGeometry(
        taps=sums.taps,
        source=sums.source,
        target=sums.target,
        stride=sums.stride,
        dilation=sums.dilation,
        spread=sums.spread,
        corner=sums.corner,
    )


def layer_gradient(get_sums: GetSums) -> Gradient[Any]:
    """The backward pass of an operator whose sums a function gives."""
    return partial(_gradient, get_sums)


def _gradient(get_sums: GetSums, graph: Backward, op: WeightedOp) -> None:
    layer = _geometry(get_sums, graph.model, op)
    error = error_before(graph, op.output, op.activation)
    graph.pass_back(
        op.input,
        lambda found: LayerError(
            index=graph.next_index, error=error, weight=op.weight, output=found, layer=layer
        ),
    )
    trained = weights.trained(graph.model, op)
    if not trained or op.bias is None:
        return
    both = op.weight in trained
    graph.append(
        LayerUpdate(
            index=graph.next_index,
            input=op.input if both else None,
            error=error,
            rate=graph.rate,
            weight=op.weight if both else None,
            bias=op.bias,
            velocities=tuple(map(graph.velocity, trained)) if graph.sgd.momentum else (),
            layer=layer,
            sgd=graph.sgd,
        )
    )
