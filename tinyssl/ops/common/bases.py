"""Dataclasses that operators of one form share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Op, Operand, Role
from tinyssl.ops.common.activation import Activation


@dataclass(frozen=True, kw_only=True)
class UnaryOp(Op):
    """One activation in, one out."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input"),)

    input: int
    output: int


@dataclass(frozen=True, kw_only=True)
class ViewOp(UnaryOp):
    """The input's bytes under another shape, of any element type."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)


@dataclass(frozen=True, kw_only=True)
class PairOp(Op):
    """Two inputs, one out; either input may be a constant, and dimensions of 1 are repeated."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("left"), Operand("right"))

    left: int
    right: int
    output: int


@dataclass(frozen=True, kw_only=True)
class BinaryOp(PairOp):
    """The same, and a fused activation."""

    activation: Activation = Activation.NONE


def pair_operands(
    *types: DType, zero_scale: bool = False, plain: bool = False
) -> tuple[Operand, ...]:
    """The operands of a `PairOp` of these element types; `zero_scale`, `plain` as in `Operand`."""
    roles = (Role.ACTIVATION, Role.CONSTANT)
    return (
        Operand("left", types, roles, zero_scale=zero_scale, plain=plain),
        Operand("right", types, roles, zero_scale=zero_scale, plain=plain),
    )
