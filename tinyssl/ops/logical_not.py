"""LOGICAL_NOT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import elements, unary_spec


@dataclass(frozen=True, kw_only=True)
class LogicalNot(UnaryOp):
    """The other truth value."""

    kind: ClassVar[str] = "LOGICAL_NOT"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.BOOL,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.BOOL,)),)


SPEC = unary_spec(
    LogicalNot,
    (
        Kernel(
            "logical_not",
            "tinyssl_elements",
            ("elements.h",),
            make_params=elements,
            overlaps=elementwise,
        ),
    ),
    TflmNames("AddLogicalNot", "elementwise"),
)
