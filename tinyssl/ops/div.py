"""DIV, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pair import PairFile, fold_quotient, number_kernels, pair_spec
from tinyssl.ops.common.params import Fields, zero_point
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.mul import product_of
from tinyssl.ops.sub import negated
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.move_error import pass_repeated

TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)
SHIFT_MAX = 23
"""A dividend of 255 is raised by so many bits: the result is never shifted left"""


@dataclass(frozen=True, kw_only=True)
class Div(BinaryOp):
    """left / right; int32 towards zero, and 0 where the divisor is 0.

    int8 quotients far below one step come out as TFLM has them on x86: there its shift by more than
    31 bits is not defined, and other targets differ.
    """

    kind: ClassVar[str] = "DIV"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _multiplier(model: Model, op: Div) -> Multiplier:
    """Quotient to output, in double: older versions of TFLM take it in float32."""
    left, right, output = (model.quant(i).scale[0] for i in (op.left, op.right, op.output))
    return quantise_multiplier(left / (right * output))


def _check(check: OpCheck[Div]) -> None:
    """The shift to the output is one to the right."""
    if check.tensor(check.op.left).dtype is not DType.INT8:
        return
    shift = _multiplier(check.model, check.op).shift
    if shift > SHIFT_MAX:
        raise check.unsupported(f"the outputs reach 2^{shift}; up to 2^{SHIFT_MAX} are supported")


def _fields(model: Model, op: Div) -> Fields:
    """Members of `struct tinyssl_div` after `sides`."""
    multiplier = _multiplier(model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _gradient(graph: Backward, op: Div) -> None:
    """The dividend gets error / right, the divisor -left / right of that."""
    error = _quotient(graph, error_before(graph, op.output, op.activation), op.right)
    pass_repeated(graph, op, op.left, error)
    if graph.wants_error(op.right):
        ratio = graph.temporary(op.output)
        graph.append(Div(index=graph.next_index, left=op.left, right=op.right, output=ratio))
        pass_repeated(graph, op, op.right, negated(graph, product_of(graph, error, ratio)))


def _quotient(graph: Backward, error: int, divisor: int) -> int:
    found = graph.temporary(error)
    graph.append(Div(index=graph.next_index, left=error, right=divisor, output=found))
    return found


_QUOTIENT = pair_spec(
    Div,
    (
        PairFile("div_s8", "tinyssl_div", _fields, headers=("fixed_functions.h",)).kernel(
            "div", DType.INT8
        ),
        *number_kernels("div"),
    ),
    TflmNames("AddDiv", "div"),
    checks=(rules.same_types, _check),
    fold=partial(fold_quotient, lambda left, right: np.trunc(left / right)),
)
SPEC = replace(_QUOTIENT, gradient=_gradient)
