"""SQRT_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class SqrtError(ActivationError):
    """The error times 1 / (2 y), where y is the output."""

    kind: ClassVar[str] = "SQRT_ERROR"


SPEC = activation_error_spec(SqrtError, "sqrt")
