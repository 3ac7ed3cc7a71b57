"""ADD: two activations, or one and a constant, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.gradient import Backward, require_whole
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.pair import FLOAT32, PairFile, pair_spec
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.scaled import check_sum_scaling, scaled_codes, scaled_pair, sum_scaling
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.move_error import pass_repeated
from tinyssl.ops.training.quantised_clamp_error import quantised_error_before

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Add(BinaryOp):
    """Elementwise sum. int32 wraps around, and as in TFLM its fused activation does nothing."""

    kind: ClassVar[str] = "ADD"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def same_shape_int8(model: Model, op: Add) -> bool:
    """Two int8 activations of one shape: what the kernels without broadcasting compute."""
    left, right = model.tensor(op.left), model.tensor(op.right)
    plain = left.dtype is DType.INT8 and left.shape == right.shape
    return plain and not left.constant and not right.constant


def add_params(model: Model, op: Add, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_add`."""
    factors = sum_scaling(model, op)
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


def _gradient(graph: Backward, op: Add) -> None:
    """Each of both gets the whole error."""
    error = error_before(graph, op.output, op.activation)
    for value in (op.left, op.right):
        pass_repeated(graph, op, value, error)


def _quantised_gradient(graph: Backward, op: Add) -> None:
    """The same: errors are those of real values, whatever the scales of both are."""
    error = quantised_error_before(graph, op.output, op.activation)
    for value in (op.left, op.right):
        require_whole(graph, op, value)
        graph.share_error(value, error)


_SUM = pair_spec(
    Add,
    (
        Kernel(
            "add_s8",
            "tinyssl_add",
            supports=same_shape_int8,
            make_params=add_params,
            overlaps=elementwise,
        ),
        *scaled_pair(sum_scaling).kernels("add", DType.INT8, DType.INT16),
        PairFile("arithmetic", "tinyssl_pair_s32", _no_clamp).kernel("add", DType.INT32),
        FLOAT32.kernel("add", DType.FLOAT32),
    ),
    TflmNames("AddAdd", "add"),
    checks=(rules.same_types, check_sum_scaling),
    codes=scaled_codes(sum_scaling, np.add),
    fold=np.add,
)
SPEC = replace(_SUM, gradient=_gradient, quantised_gradient=_quantised_gradient)
