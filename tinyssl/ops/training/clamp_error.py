"""CLAMP_ERROR: the error in front of RELU and its kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.gradient import Backward


@dataclass(frozen=True, kw_only=True)
class ClampError(ActivationError):
    """Nothing passes where the output is at an end."""

    kind: ClassVar[str] = "CLAMP_ERROR"


SPEC = activation_error_spec(ClampError, "clamp")


def clamp_gradient(activation: Activation, graph: Backward, op: UnaryOp) -> None:
    """The backward pass of a clamp that is an operator of its own."""
    graph.share_error(op.input, error_before(graph, op.output, activation))


def error_before(graph: Backward, value: int, activation: Activation) -> int:
    """The error in front of the activation that an operator with this output has fused."""
    error = graph.error(value)
    if activation is Activation.NONE:
        return error
    found = graph.temporary(value)
    graph.append(
        ClampError(
            index=graph.next_index, error=error, value=value, output=found, activation=activation
        )
    )
    return found
