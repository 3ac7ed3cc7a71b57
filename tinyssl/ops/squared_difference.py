"""SQUARED_DIFFERENCE, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.fixed_point import SUM_MAX, quantise_multiplier
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pair import ARITHMETIC, pair_spec
from tinyssl.ops.common.scaled import ScaledMultipliers, scaled_codes, scaled_pair
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.sub import Sub, negated
from tinyssl.ops.training.move_error import pass_repeated
from tinyssl.ops.training.square_error import SquareError

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
HEADROOM = {DType.INT8: 7, DType.INT16: 0}
"""Bits by which the inputs are scaled up before they are rescaled"""
REACH = 2**15
"""Largest difference in the common scale, of either type"""


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(PairOp):
    """(left - right)^2; int32 wraps around."""

    kind: ClassVar[str] = "SQUARED_DIFFERENCE"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _scaling(model: Model, op: SquaredDifference) -> ScaledMultipliers:
    """To twice the larger scale; the square of that to the output's (PrepareQuantized)."""
    headroom = HEADROOM[model.tensor(op.left).dtype]
    left, right = model.quant(op.left).scale[0], model.quant(op.right).scale[0]
    twice = 2.0 * max(left, right)
    unit = np.float32(2 ** (2 * headroom)) * np.float32(model.quant(op.output).scale[0])
    return ScaledMultipliers(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(twice * twice / float(unit)),
        headroom,
    )


def _check(check: OpCheck[SquaredDifference]) -> None:
    """The largest square, shifted by its multiplier, fits int32."""
    if check.tensor(check.op.left).dtype not in HEADROOM:
        return
    bound = REACH**2 << max(_scaling(check.model, check.op).output.shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the square can reach {bound}; the limit is {SUM_MAX}")


def _gradient(graph: Backward, op: SquaredDifference) -> None:
    """The left input gets the error times twice the difference, the right one its negative."""
    error, difference, found = graph.error(op.output), *map(graph.temporary, (op.output, op.output))
    graph.append(Sub(index=graph.next_index, left=op.left, right=op.right, output=difference))
    graph.append(SquareError(index=graph.next_index, error=error, value=difference, output=found))
    pass_repeated(graph, op, op.left, found)
    if graph.wants_error(op.right):
        pass_repeated(graph, op, op.right, negated(graph, found))


_SQUARE = pair_spec(
    SquaredDifference,
    (
        *scaled_pair(_scaling).kernels("squared_difference", DType.INT8, DType.INT16),
        *ARITHMETIC.kernels("squared_difference", DType.INT32, DType.FLOAT32),
    ),
    TflmNames("AddSquaredDifference", "squared_difference"),
    checks=(rules.same_types, _check),
    codes=scaled_codes(_scaling, lambda left, right: (left - right) ** 2),
)
SPEC = replace(_SQUARE, gradient=_gradient)
