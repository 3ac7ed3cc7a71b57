"""LAYER_ERROR: the error of what a layer of weighted sums reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.sums import LayerGeometry, layer_fields
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
    layer: LayerGeometry


def _is_constant(model: Model, op: LayerError) -> bool:
    return model.tensor(op.weight).constant


def _params(model: Model, op: LayerError, constants: Constants) -> Fields:
    """Members of `struct tinyssl_convolution`."""
    weight = constants.tensor("weight", op.weight) if _is_constant(model, op) else "NULL"
    return layer_fields(op.layer, weight)


def _macs(model: Model, op: LayerError) -> int:
    return model.tensor(op.error).elements * prod(op.layer.taps[1:])


FILES = (
    "convolution.h",
    "convolution.c",
    "fixed_point.h",
    "product_f32.h",
    "spread.h",
    "sgd_f32.h",
)

SPEC = training_spec(
    LayerError,
    (
        Kernel(
            "convolution_error_f32",
            "tinyssl_convolution",
            FILES,
            source="convolution_training_f32",
            supports=_is_constant,
            make_params=_params,
        ),
        Kernel(
            "convolution_weight_error_f32",
            "tinyssl_convolution",
            FILES,
            source="convolution_training_f32",
            make_params=_params,
        ),
    ),
    macs=_macs,
)
