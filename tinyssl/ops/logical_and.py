"""LOGICAL_AND, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.pair import COMPARE, pair_spec, stored_codes
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class LogicalAnd(PairOp):
    """Both of two truth values."""

    kind: ClassVar[str] = "LOGICAL_AND"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(DType.BOOL)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.BOOL,)),)


SPEC = pair_spec(
    LogicalAnd,
    COMPARE.kernels("logical_and", DType.BOOL),
    TflmNames("AddLogicalAnd", "logical"),
    codes=stored_codes(np.logical_and),
    fold=np.logical_and,
)
