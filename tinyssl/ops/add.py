"""ADD: two activations, or one and a constant, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.fixed_point import quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.pair import FLOAT32, PairFile, pair_spec
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.scaled import ScaledMultipliers, scaled_pair
from tinyssl.ops.common.spec import TflmNames

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Add(BinaryOp):
    """Elementwise sum. int32 wraps around, and as in TFLM its fused activation does nothing."""

    kind: ClassVar[str] = "ADD"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


HEADROOM = {DType.INT8: 20, DType.INT16: 15}
"""Bits by which the inputs are scaled up before they are rescaled"""


def add_scaling(model: Model, op: Add) -> ScaledMultipliers:
    """left and right are scaled to twice the larger scale, the sum to the output's.

    The output's factor is below one for a model that passed the verifier.
    """
    headroom = HEADROOM[model.tensor(op.left).dtype]
    left, right = model.quant(op.left).scale[0], model.quant(op.right).scale[0]
    twice = 2.0 * max(left, right)
    output = twice / (2.0**headroom * model.quant(op.output).scale[0])
    return ScaledMultipliers(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(output),
        headroom,
    )


def same_shape_int8(model: Model, op: Add) -> bool:
    """Two int8 activations of one shape: what the kernels without broadcasting compute."""
    left, right = model.tensor(op.left), model.tensor(op.right)
    plain = left.dtype is DType.INT8 and left.shape == right.shape
    return plain and not left.constant and not right.constant


def _check(check: OpCheck[Add]) -> None:
    """A factor below one to the output."""
    dtype = check.tensor(check.op.left).dtype
    if dtype in HEADROOM and add_scaling(check.model, check.op).output.shift > 0:
        bits = HEADROOM[dtype] - 1
        raise check.violation(f"the output scale is 2^-{bits} of the inputs' or less")


def add_params(model: Model, op: Add, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_add`."""
    factors = add_scaling(model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "size": model.tensor(op.output).elements,
        "left_multiplier": factors.left.value,
        "right_multiplier": factors.right.value,
        "out_multiplier": factors.output.value,
        "left_shift": factors.left.shift,
        "right_shift": factors.right.shift,
        "out_shift": factors.output.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _no_clamp(_model: Model, _op: Add) -> Fields:
    """Members of `struct tinyssl_pair_s32` after `sides`: TFLM ignores the activation there."""
    return {"out_min": "INT32_MIN", "out_max": "INT32_MAX"}


SPEC = pair_spec(
    Add,
    (
        Kernel(
            "add_s8",
            "tinyssl_add",
            supports=same_shape_int8,
            make_params=add_params,
            overlaps=elementwise,
        ),
        *scaled_pair(add_scaling).kernels("add", DType.INT8, DType.INT16),
        PairFile("arithmetic", "tinyssl_pair_s32", _no_clamp).kernel("add", DType.INT32),
        FLOAT32.kernel("add", DType.FLOAT32),
    ),
    TflmNames("AddAdd", "add"),
    options="AddOptions",
    checks=(rules.same_types, _check),
    fold=np.add,
)
