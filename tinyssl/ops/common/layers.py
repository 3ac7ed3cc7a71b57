"""Layers of weighted sums that learn: their forward pass, and their backward pass."""

from __future__ import annotations

from functools import partial
from typing import Any

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import weights
from tinyssl.ops.common.gradient import Backward, Gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.layer_kernels import (
    LearntGeometry,
    forward_fields,
    layer_kernels,
    learnt_geometry,
)
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.sums import GetSums
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.layer_error import LayerError
from tinyssl.ops.training.layer_update import LayerUpdate


def trained_kernels(get_sums: GetSums) -> tuple[Kernel[Any], ...]:
    """The forward pass where weights or biases learn."""

    def layer_of(model: Model, op: WeightedOp) -> LearntGeometry:
        return learnt_geometry(get_sums(model, op))

    def params(model: Model, op: WeightedOp, constants: Constants) -> Fields:
        return forward_fields(model, op, layer_of(model, op), constants)

    def supports(model: Model, op: WeightedOp) -> bool:
        real = model.tensor(op.input).dtype is DType.FLOAT32
        return real and bool(weights.trained(model, op))

    return layer_kernels("layer", "tinyssl_layer", layer_of, params, supports)


def layer_gradient(get_sums: GetSums) -> Gradient[Any]:
    """The backward pass of an operator whose sums a function gives."""
    return partial(_gradient, get_sums)


def _gradient(get_sums: GetSums, graph: Backward, op: WeightedOp) -> None:
    layer = learnt_geometry(get_sums(graph.model, op))
    error = error_before(graph, op.output, op.activation)
    graph.pass_back(
        op.input,
        lambda found: LayerError(
            index=graph.next_index, error=error, weight=op.weight, output=found, layer=layer
        ),
    )
    trained = weights.trained(graph.model, op)
    if not trained:
        return
    graph.append(
        LayerUpdate(
            index=graph.next_index,
            input=op.input if op.weight in trained else None,
            error=error,
            rate=graph.rate_of(trained),
            weight=op.weight if op.weight in trained else None,
            bias=op.bias if op.bias in trained else None,
            velocities=tuple(map(graph.velocity, trained)) if graph.sgd.momentum else (),
            layer=layer,
            sgd=graph.sgd,
        )
    )
