"""SUB, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.fixed_point import quantise_multiplier
from tinyssl.ops.common.pair import number_kernels, pair_spec
from tinyssl.ops.common.scaled import ScaledMultipliers, scaled_pair
from tinyssl.ops.common.spec import TflmNames

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
HEADROOM = {DType.INT8: 20, DType.INT16: 15}
"""Bits by which the inputs are scaled up before they are rescaled"""


@dataclass(frozen=True, kw_only=True)
class Sub(BinaryOp):
    """left - right; int32 wraps around."""

    kind: ClassVar[str] = "SUB"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _scaling(model: Model, op: Sub) -> ScaledMultipliers:
    """As of ADD, but all quotients are float32 (CalculateOpDataSub)."""
    headroom = HEADROOM[model.tensor(op.left).dtype]
    left, right, output = (
        np.float32(model.quant(index).scale[0]) for index in (op.left, op.right, op.output)
    )
    twice = np.float32(2) * max(left, right)
    return ScaledMultipliers(
        quantise_multiplier(float(left / twice)),
        quantise_multiplier(float(right / twice)),
        quantise_multiplier(float(twice / (np.float32(2**headroom) * output))),
        headroom,
    )


def _check(check: OpCheck[Sub]) -> None:
    """A factor below one to the output."""
    dtype = check.tensor(check.op.left).dtype
    if dtype in HEADROOM and _scaling(check.model, check.op).output.shift > 0:
        bits = HEADROOM[dtype] - 1
        raise check.violation(f"the output scale is 2^-{bits} of the inputs' or less")


SPEC = pair_spec(
    Sub,
    (
        *scaled_pair(_scaling).kernels("sub", DType.INT8, DType.INT16),
        *number_kernels("sub"),
    ),
    TflmNames("AddSub", "sub"),
    options="SubOptions",
    checks=(rules.same_types, _check),
    fold=np.subtract,
)
