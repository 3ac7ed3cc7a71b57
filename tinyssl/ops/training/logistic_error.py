"""LOGISTIC_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class LogisticError(ActivationError):
    """error * y * (1 - y)."""

    kind: ClassVar[str] = "LOGISTIC_ERROR"


SPEC = activation_error_spec(LogisticError, "logistic")
