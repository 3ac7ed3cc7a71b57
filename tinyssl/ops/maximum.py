"""MAXIMUM, with broadcasting; either side may be a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.pair import COMPARE, pair_spec, stored_codes
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.training.chosen_error import chosen_gradient

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Maximum(PairOp):
    """The larger number of two as they are stored, whatever the quantisations."""

    kind: ClassVar[str] = "MAXIMUM"
    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*TYPES, plain=True)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)


_CHOICE = pair_spec(
    Maximum,
    COMPARE.kernels("maximum", *TYPES),
    TflmNames("AddMaximum", "maximum_minimum"),
    codes=stored_codes(np.maximum),
    fold=np.maximum,
)
SPEC = replace(_CHOICE, gradient=chosen_gradient)
