"""SUB, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import BinaryOp, pair_operands
from tinyssl.ops.common.pair import number_kernels, pair_spec
from tinyssl.ops.common.scaled import check_sum_scaling, scaled_codes, scaled_pair, sum_scaling
from tinyssl.ops.common.spec import TflmNames

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Sub(BinaryOp):
    """left - right; int32 wraps around."""

    kind: ClassVar[str] = "SUB"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


SPEC = pair_spec(
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
