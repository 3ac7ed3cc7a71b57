"""LOGICAL_OR, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.pair import COMPARE, pair_spec, stored_codes
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class LogicalOr(PairOp):
    """At least one of two truth values."""

    kind: ClassVar[str] = "LOGICAL_OR"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(DType.BOOL)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.BOOL,)),)


SPEC = pair_spec(
    LogicalOr,
    COMPARE.kernels("logical_or", DType.BOOL),
    TflmNames("AddLogicalOr", "logical"),
    codes=stored_codes(np.logical_or),
    fold=np.logical_or,
)
