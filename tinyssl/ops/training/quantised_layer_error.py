"""QUANTISED_LAYER_ERROR: the int8 error of what an INT8 layer of weighted sums reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.model import Model, Operand, Role
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.layer_kernels import LearntGeometry, learns, place_fields
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.scaled_error import INT8, INT32, ScaledErrorOp
from tinyssl.ops.common.training import training_spec

FILES = (
    *("error_s8.h", "float_bits.h", "in_bytes.h", "product_f32.h"),
    *("spread.h", "step_s8.h", "tap_line.h"),
)


@dataclass(frozen=True, kw_only=True)
class QuantisedLayerError(ScaledErrorOp):
    """Every output's error goes back through its window, times the weights."""

    kind: ClassVar[str] = "QUANTISED_LAYER_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("error"),
        Operand("exponent", INT32),
        Operand("weight", INT8, (Role.CONSTANT, Role.PARAMETER)),
    )

    weight: int
    """As its last inference read it"""
    shares: tuple[int, ...]
    """Scale of each channel's weights over the unit of the sums"""
    layer: LearntGeometry


def _params(model: Model, op: QuantisedLayerError, constants: Constants) -> Fields:
    """Members of `struct tinyssl_layer_error_s8`."""
    weight = "NULL" if learns(model, op.weight) else constants.tensor("weight", op.weight)
    return {
        **prefix_fields("layer", place_fields(op.layer)),
        "weight": weight,
        "share": constants.table("share", op, "int16_t", [*op.shares]),
        "exponent_step": op.exponent_step,
    }


def _scratch(_model: Model, op: QuantisedLayerError) -> int:
    """Sums of an input pixel, and the channels that have an error."""
    return 4 * op.layer.source[3] + 8 * op.layer.taps[0]


def _macs(model: Model, op: QuantisedLayerError) -> int:
    """Twice: the size of the sums is found first."""
    once = model.tensor(op.error).elements * prod(op.layer.taps[1:])
    return once if prod(op.layer.source[:3]) == 1 else 2 * once


SPEC = training_spec(
    QuantisedLayerError,
    (
        Kernel(
            "layer_error_s8",
            "tinyssl_layer_error_s8",
            FILES,
            source="layer_training_s8",
            make_params=_params,
            scratch=_scratch,
            variadic=True,
        ),
    ),
    macs=_macs,
)
