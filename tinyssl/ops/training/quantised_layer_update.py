"""QUANTISED_LAYER_UPDATE: a step of int8 weights and int32 biases down their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.layer_kernels import LearntGeometry, place_fields
from tinyssl.ops.common.params import Array, Constants, Fields, prefix_fields
from tinyssl.ops.common.scaled_error import INT8, INT32
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.training.quantised_layer_error import FILES


@dataclass(frozen=True, kw_only=True)
class QuantisedLayerUpdate(Op):
    """Of both, or of either alone. Sums are whole numbers; a step is rounded at random."""

    kind: ClassVar[str] = "QUANTISED_LAYER_UPDATE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input"),
        Operand("error"),
        Operand("exponent", INT32),
        Operand("rate", FLOAT, (Role.PARAMETER,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("weight", INT8, (Role.PARAMETER,)),
        Operand("bias", INT32, (Role.PARAMETER,)),
        Operand("rounding", INT32, (Role.STATE,)),
    )

    input: int | None
    """What the layer read; None where its weights do not learn"""
    error: int
    """Of the layer's sums"""
    exponent: int
    rate: int
    weight: int | None
    bias: int | None
    rounding: int
    """State of the random numbers, int32 [1]: all layers go on with it"""
    layer: LearntGeometry
    in_zero: int
    weight_steps: tuple[float, ...]
    """Of each channel: quantisation steps for a rate of 1 and a sum of 1"""
    bias_steps: tuple[float, ...]
    bias_most: int
    """Largest size of a bias"""


def _params(_model: Model, op: QuantisedLayerUpdate, constants: Constants) -> Fields:
    """Members of `struct tinyssl_layer_update_s8`."""
    return {
        **prefix_fields("layer", place_fields(op.layer)),
        "weight_learns": int(op.weight is not None),
        "bias_learns": int(op.bias is not None),
        "in_zero": op.in_zero,
        "weight_step": _table(op, "weight_step", op.weight_steps, constants),
        "bias_step": _table(op, "bias_step", op.bias_steps, constants),
        "bias_most": op.bias_most,
    }


def _table(
    op: QuantisedLayerUpdate, role: str, values: tuple[float, ...], constants: Constants
) -> str:
    array = np.array(values, np.float32)
    return constants.intern(Array(constants.name(role, op), "float", array, array.shape, op.label))


def _scratch(_model: Model, op: QuantisedLayerUpdate) -> int:
    """A factor of each channel."""
    return 8 * op.layer.taps[0]


def _macs(model: Model, op: QuantisedLayerUpdate) -> int:
    pixels = model.tensor(op.error).elements
    return pixels * (prod(op.layer.taps[1:]) if op.weight is not None else 1)


SPEC = training_spec(
    QuantisedLayerUpdate,
    (
        Kernel(
            "layer_update_s8",
            "tinyssl_layer_update_s8",
            FILES,
            source="layer_training_s8",
            make_params=_params,
            scratch=_scratch,
            variadic=True,
        ),
    ),
    macs=_macs,
)
