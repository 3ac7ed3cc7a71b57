"""SQUARE_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class SquareError(ActivationError):
    """The error times twice the input."""

    kind: ClassVar[str] = "SQUARE_ERROR"


SPEC = activation_error_spec(SquareError, "square")
