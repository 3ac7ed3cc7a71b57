"""STATISTICS_UPDATE: a sample joins the running mean and variance of its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.common.welford import welford_kernel

STORED = (Role.PARAMETER,)


@dataclass(frozen=True, kw_only=True)
class StatisticsUpdate(Op):
    """Welford's update; nothing joins where a statistic would be no finite number.

    mean += (x - mean) / n, then variance += ((x - old mean) * (x - mean) - variance) / n
    """

    kind: ClassVar[str] = "STATISTICS_UPDATE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", FLOAT),)
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("mean", FLOAT, STORED),
        Operand("variance", FLOAT, STORED),
        Operand("count", FLOAT, STORED),
    )

    input: int
    mean: int
    variance: int
    count: int


SPEC = training_spec(StatisticsUpdate, (welford_kernel("statistics_update"),))
