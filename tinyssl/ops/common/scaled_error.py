"""Errors of a training step in int8: a tensor with a scale, and an exponent found at every step.

The real value of an element is `element * scale * 2^exponent`. The scale, in [0.5, 1], is that of
the value's quantisation; what of it is a power of two joins the exponent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Op, Operand

INT8, INT32 = (DType.INT8,), (DType.INT32,)


@dataclass(frozen=True)
class ScaledError:
    """An int8 error, by the indices of its values."""

    error: int
    """int8, of the shape of the value whose error it is"""
    exponent: int
    """int32 [1]"""
    exponent_step: int = 0
    """What the kernel adds to the exponent, so that the scale is in [0.5, 1]"""


@dataclass(frozen=True, kw_only=True)
class ScaledErrorOp(Op):
    """From the error of what an operator gave to that of what it read."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("error"), Operand("exponent", INT32))
    results: ClassVar[tuple[Operand, ...]] = (Operand("output"), Operand("out_exponent", INT32))

    error: int
    exponent: int
    output: int
    out_exponent: int
    exponent_step: int = 0


def normalised(factor: float) -> tuple[float, int]:
    """A positive number as scale * 2^step, with the scale in [0.5, 1)."""
    return math.frexp(factor)
