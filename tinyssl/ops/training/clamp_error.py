"""CLAMP_ERROR: the error in front of RELU and its kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec
from tinyssl.ops.common.gradient import Backward


@dataclass(frozen=True, kw_only=True)
class ClampError(ActivationError):
    """Nothing passes where the output is at an end."""

    kind: ClassVar[str] = "CLAMP_ERROR"


SPEC = activation_error_spec(ClampError, "clamp")


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
