"""SUB, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pair import number_kernels, pair_spec
from tinyssl.ops.common.scaled import check_sum_scaling, scaled_codes, scaled_pair, sum_scaling
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.neg import Neg
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.move_error import pass_repeated

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Sub(BinaryOp):
    """left - right; int32 wraps around."""

    kind: ClassVar[str] = "SUB"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _gradient(graph: Backward, op: Sub) -> None:
    """The left input gets the error, the right one its negative."""
    error = error_before(graph, op.output, op.activation)
    pass_repeated(graph, op, op.left, error)
    if graph.wants_error(op.right):
        pass_repeated(graph, op, op.right, negated(graph, error))


def negated(graph: Backward, error: int) -> int:
    """An error whose sign is turned."""
    found = graph.temporary(error)
    graph.append(Neg(index=graph.next_index, input=error, output=found))
    return found


_DIFFERENCE = pair_spec(
    Sub,
    (
        *scaled_pair(sum_scaling).kernels("sub", DType.INT8, DType.INT16),
        *number_kernels("sub"),
    ),
    TflmNames("AddSub", "sub"),
    checks=(rules.same_types, check_sum_scaling),
    codes=scaled_codes(sum_scaling, np.subtract),
    fold=np.subtract,
)
SPEC = replace(_DIFFERENCE, gradient=_gradient)
