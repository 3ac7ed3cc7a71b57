"""FLOOR_DIV of float32, with broadcasting."""

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
class FloorDiv(PairOp):
    """The quotient, in double, downwards.

    TFLM ends the inference where a divisor is 0; here the output is then no finite number.
    """

    kind: ClassVar[str] = "FLOOR_DIV"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(DType.FLOAT32)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.FLOAT32,)),)


SPEC = pair_spec(
    FloorDiv,
    (PairFile("floor_f32").kernel("floor_div", DType.FLOAT32),),
    TflmNames("AddFloorDiv", "floor_div"),
    fold=partial(fold_quotient, np.floor_divide),
)
