"""FLOOR_MOD of float32, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.pair import PairFile, fold_quotient, pair_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class FloorMod(PairOp):
    """What FLOOR_DIV leaves, with the divisor's sign."""

    kind: ClassVar[str] = "FLOOR_MOD"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(DType.FLOAT32)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.FLOAT32,)),)


SPEC = pair_spec(
    FloorMod,
    (PairFile("floor_f32").kernel("floor_mod", DType.FLOAT32),),
    TflmNames("AddFloorMod", "floor_mod"),
    fold=partial(fold_quotient, np.mod),
)
