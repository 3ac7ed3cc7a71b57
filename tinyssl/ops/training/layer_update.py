"""LAYER_UPDATE: a step of weights and biases down their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT, Sgd
from tinyssl.ops.common.layer_kernels import LearntGeometry, layer_kernels, update_fields
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.training import sgd_fields, training_spec


@dataclass(frozen=True, kw_only=True)
class LayerUpdate(Op):
    """Of both, or of either alone. No gradient is stored: each sum is used at once."""

    kind: ClassVar[str] = "LAYER_UPDATE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", FLOAT),
        Operand("error", FLOAT),
        Operand("rate", FLOAT, (Role.PARAMETER,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("weight", FLOAT, (Role.PARAMETER,)),
        Operand("bias", FLOAT, (Role.PARAMETER,)),
        Operand("velocities", FLOAT, (Role.STATE,)),
    )

    input: int | None
    """What the layer read; None where its weights do not learn"""
    error: int
    """Of the layer's sums"""
    rate: int
    weight: int | None
    bias: int | None
    velocities: tuple[int, ...] = ()
    """Of each parameter, in order, with momentum"""
    layer: LearntGeometry
    sgd: Sgd


def _layer(_model: Model, op: LayerUpdate) -> LearntGeometry:
    return op.layer


def _params(_model: Model, op: LayerUpdate, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_layer_update`."""
    fields = update_fields(op.layer, weight=op.weight is not None, bias=op.bias is not None)
    return prefix_fields("layer", fields) | sgd_fields(op.sgd)


def _macs(model: Model, op: LayerUpdate) -> int:
    pixels = model.tensor(op.error).elements
    return pixels * (prod(op.layer.taps[1:]) if op.weight is not None else 1)


SPEC = training_spec(
    LayerUpdate, layer_kernels("update", "tinyssl_layer_update", _layer, _params), macs=_macs
)
