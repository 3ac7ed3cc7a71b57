"""QUANTISED_MAX_POOL_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import ClassVar

from tinyssl.graph.model import Operand
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pool_error import PoolWindow
from tinyssl.ops.common.quantised_pool_error import QuantisedPoolError, quantised_pool_spec
from tinyssl.ops.common.scaled_error import INT32
from tinyssl.ops.training.quantised_clamp_error import quantised_error_before


@dataclass(frozen=True, kw_only=True)
class QuantisedMaxPoolError(QuantisedPoolError):
    """The first of a window's largest elements gets the error."""

    kind: ClassVar[str] = "QUANTISED_MAX_POOL_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("error"),
        Operand("exponent", INT32),
        Operand("input"),
    )

    input: int
    """What the pooling read"""


SPEC = quantised_pool_spec(QuantisedMaxPoolError, "max")


def quantised_max_gradient(
    graph: Backward, value: int, output: int, window: PoolWindow, activation: Activation
) -> None:
    """The backward pass of the maximum over windows of an INT8 value."""
    error = quantised_error_before(graph, output, activation)
    if not graph.wants_error(value):
        return
    found = graph.scaled_error(value, graph.scale(error))
    graph.append(
        QuantisedMaxPoolError(
            index=graph.next_index,
            error=error,
            exponent=graph.exponent(error),
            output=found.error,
            out_exponent=found.exponent,
            exponent_step=found.exponent_step,
            window=window,
            spare=_spare(window),
            input=value,
        )
    )
    graph.share_error(value, found.error)


def _spare(window: PoolWindow) -> int:
    """Bits for the windows that meet in a place."""
    meeting = [ceil(taps / step) for taps, step in zip(window.size, window.stride, strict=True)]
    return ceil(log2(meeting[0] * meeting[1]))
