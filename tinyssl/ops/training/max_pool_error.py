"""MAX_POOL_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Operand
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.pool_error import PoolError, pool_error_spec


@dataclass(frozen=True, kw_only=True)
class MaxPoolError(PoolError):
    """The first of a window's largest elements gets the error, as in PyTorch."""

    kind: ClassVar[str] = "MAX_POOL_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT), Operand("input", FLOAT))
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    input: int
    """What the pooling read"""


SPEC = pool_error_spec(MaxPoolError, "max")
