"""QUANTISED_AVERAGE_POOL_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pool_error import PoolWindow
from tinyssl.ops.common.quantised_pool_error import QuantisedPoolError, quantised_pool_spec
from tinyssl.ops.training.quantised_clamp_error import quantised_error_before


@dataclass(frozen=True, kw_only=True)
class QuantisedAveragePoolError(QuantisedPoolError):
    """Each element of a window gets its share, in 16ths of its part in a whole window."""

    kind: ClassVar[str] = "QUANTISED_AVERAGE_POOL_ERROR"


SPEC = quantised_pool_spec(QuantisedAveragePoolError, "average")


def quantised_average_gradient(
    graph: Backward, value: int, output: int, window: PoolWindow, activation: Activation
) -> None:
    """The backward pass of the mean over windows of an INT8 value."""
    error = quantised_error_before(graph, output, activation)
    if not graph.wants_error(value):
        return
    found = graph.scaled_error(value, graph.scale(error) / (16 * prod(window.size)))
    graph.append(
        QuantisedAveragePoolError(
            index=graph.next_index,
            error=error,
            exponent=graph.exponent(error),
            output=found.error,
            out_exponent=found.exponent,
            exponent_step=found.exponent_step,
            window=window,
        )
    )
    graph.share_error(value, found.error)
