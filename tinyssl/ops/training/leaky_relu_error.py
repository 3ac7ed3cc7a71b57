"""LEAKY_RELU_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class LeakyReluError(ActivationError):
    """The error, times alpha where the input was not above zero."""

    kind: ClassVar[str] = "LEAKY_RELU_ERROR"


SPEC = activation_error_spec(LeakyReluError, "leaky_relu")
