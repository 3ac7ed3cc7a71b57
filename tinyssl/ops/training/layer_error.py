"""LAYER_ERROR: the error of what a layer of weighted sums reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.layer_kernels import LearntGeometry, error_fields, layer_kernels
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class LayerError(Op):
    """Every output's error goes back through its window, times the weights."""

    kind: ClassVar[str] = "LAYER_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("error", FLOAT),
        Operand("weight", FLOAT, (Role.CONSTANT, Role.PARAMETER)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    error: int
    """Of the layer's sums"""
    weight: int
    """As its last inference read it"""
    output: int
    layer: LearntGeometry


def _layer(_model: Model, op: LayerError) -> LearntGeometry:
    return op.layer


def _params(model: Model, op: LayerError, constants: Constants) -> Fields:
    """Members of `struct tinyssl_layer`."""
    return error_fields(model, op.weight, op.layer, constants)


def _macs(model: Model, op: LayerError) -> int:
    return model.tensor(op.error).elements * prod(op.layer.taps[1:])


SPEC = training_spec(
    LayerError, layer_kernels("error", "tinyssl_layer", _layer, _params), macs=_macs
)
