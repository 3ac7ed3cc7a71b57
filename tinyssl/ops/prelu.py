"""PRELU: negative numbers times alpha, one for each channel or element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import PairOp
from tinyssl.ops.common.constants import Numbers
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.pair import PairFile, pair_spec
from tinyssl.ops.common.params import Fields, zero_point
from tinyssl.ops.common.spec import TflmNames

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)
QUANTISED = (DType.INT8, DType.INT16)


@dataclass(frozen=True, kw_only=True)
class Prelu(PairOp):
    """x, and alpha * x below zero: x is the left input, alpha the right one, int8 beside int16."""

    kind: ClassVar[str] = "PRELU"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("left", TYPES),
        Operand(
            "right", (DType.INT8, DType.FLOAT32), (Role.ACTIVATION, Role.CONSTANT), zero_scale=True
        ),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


@dataclass(frozen=True)
class _PreluFactors:
    positive: Multiplier
    """Of x"""
    negative: Multiplier
    """Of x * alpha"""


def _factors(model: Model, op: Prelu) -> _PreluFactors:
    source, alpha, target = (model.quant(i).scale[0] for i in (op.left, op.right, op.output))
    return _PreluFactors(
        quantise_multiplier(source / target), quantise_multiplier(source * alpha / target)
    )


def _check_types(check: OpCheck[Prelu]) -> None:
    """One type, but int8 alphas beside int16."""
    types = [check.tensor(index).dtype for index in (*check.op.inputs, check.op.output)]
    alpha = DType.INT8 if types[0] is DType.INT16 else types[0]
    if types != [types[0], alpha, types[0]]:
        found = ", ".join(dtype.value for dtype in types)
        raise check.unsupported(f"input, alpha and output are {found}")


def _check_products(check: OpCheck[Prelu]) -> None:
    """The largest numbers, shifted by their multipliers, fit int32."""
    if check.tensor(check.op.left).dtype not in QUANTISED:
        return
    factors = _factors(check.model, check.op)
    reach, alpha = (rules.reach(check, index) for index in check.op.inputs)
    bound = max(
        reach << max(factors.positive.shift, 0), reach * alpha << max(factors.negative.shift, 0)
    )
    if bound > SUM_MAX:
        raise check.unsupported(f"the product can reach {bound}; the limit is {SUM_MAX}")


def _fields(model: Model, op: Prelu) -> Fields:
    """Members of `struct tinyssl_prelu` after `sides`."""
    factors = _factors(model, op)
    low, high = INTEGERS[model.tensor(op.output).dtype]
    return {
        "positive": factors.positive.value,
        "negative": factors.negative.value,
        "positive_shift": factors.positive.shift,
        "negative_shift": factors.negative.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _codes(model: Model, op: Prelu, inputs: Sequence[Numbers]) -> Numbers | None:
    output = model.tensor(op.output)
    if output.dtype not in QUANTISED:
        return None
    factors = _factors(model, op)
    x, alpha = inputs[0] - zero_point(model, op.left), inputs[1] - zero_point(model, op.right)
    positive, negative = requantise(x, factors.positive), requantise(x * alpha, factors.negative)
    scaled = np.where(x < 0, negative, positive) + zero_point(model, op.output)
    found: Numbers = np.clip(scaled, *INTEGERS[output.dtype])
    return found


SPEC = pair_spec(
    Prelu,
    (
        *PairFile("prelu", "tinyssl_prelu", _fields).kernels("prelu", *QUANTISED),
        PairFile("prelu").kernel("prelu", DType.FLOAT32),
    ),
    TflmNames("AddPrelu", "prelu"),
    checks=(_check_types, _check_products),
    codes=_codes,
)
