"""Operators of which only the name is known: an interpreter runs them, our engine does not."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand


class OpaqueOp(Op):
    """An operator without operands and attributes; `make_opaque` gives it its kind."""

    operands: ClassVar[tuple[Operand, ...]] = ()
    results: ClassVar[tuple[Operand, ...]] = ()


def make_opaque(kind: str, index: int) -> OpaqueOp:
    """The operator `kind` at this place of the file."""
    return _class_of(kind)(index=index)


def is_outline(model: Model) -> bool:
    """Whether only the ends of a model are known, and the names of its operators."""
    return any(isinstance(op, OpaqueOp) for op in model.ops)


@cache
def _class_of(kind: str) -> type[OpaqueOp]:
    return type("OpaqueOp", (OpaqueOp,), {"kind": kind})
