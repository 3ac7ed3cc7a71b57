"""EQUAL, LESS and their kin: two inputs of one type, one truth value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.pair import COMPARE, one_input_type, pair_spec
from tinyssl.ops.common.scaled import ScaledMultipliers, scaled_codes, scaled_pair
from tinyssl.ops.common.spec import OpSpec, TflmNames

ComparisonT = TypeVar("ComparisonT", bound="Comparison")

HEADROOM = 8
"""Bits by which int8 inputs are scaled up before they are rescaled"""
NUMBERS = (DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Comparison(PairOp):
    """int8 by the real numbers that it stands for, in steps of 1/256."""

    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*NUMBERS)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.BOOL,)),)


@dataclass(frozen=True, kw_only=True)
class Equality(Comparison):
    """The same for truth values too."""

    operands: ClassVar[tuple[Operand, ...]] = pair_operands(*NUMBERS, DType.BOOL)


def _scaling(model: Model, op: Comparison) -> ScaledMultipliers:
    """To steps of 1/256 (ComparisonsPrepare)."""
    left, right = (quantise_multiplier(model.quant(i).scale[0]) for i in (op.left, op.right))
    return ScaledMultipliers(left, right, Multiplier(0, 0), HEADROOM)


def _check(check: OpCheck[Any]) -> None:
    """int8 scales are below one: TFLM ends the process at others."""
    for index in check.op.inputs:
        if check.tensor(index).dtype is not DType.INT8:
            continue
        scale = check.quant(index).scale[0]
        if quantise_multiplier(scale).shift > 0:
            raise check.unsupported(
                f"{check.tensor(index).name} has scale {scale:g}; TensorFlow "
                "Lite Micro compares int8 of scales below 1 only"
            )


def comparison_spec(op: type[ComparisonT], tflm: TflmNames[ComparisonT]) -> OpSpec[ComparisonT]:
    """The specification of a comparison; kernels and numpy's function have the operator's name."""
    name = op.kind.lower()
    plain = [dtype for dtype in op.operands[0].types if dtype is not DType.INT8]
    return pair_spec(
        op,
        (scaled_pair(_scaling).kernel(name, DType.INT8), *COMPARE.kernels(name, *plain)),
        tflm,
        checks=(one_input_type, _check),
        codes=scaled_codes(_scaling, getattr(np, name)),
        fold=getattr(np, name),
    )
