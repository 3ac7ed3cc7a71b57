"""AVERAGE_POOL_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Operand
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.pool_error import PoolError, pool_error_spec


@dataclass(frozen=True, kw_only=True)
class AveragePoolError(PoolError):
    """Each element of a window gets its share; those on the padding do not count."""

    kind: ClassVar[str] = "AVERAGE_POOL_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)


SPEC = pool_error_spec(AveragePoolError, "average")
