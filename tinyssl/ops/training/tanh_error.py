"""TANH_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class TanhError(ActivationError):
    """error * (1 - y^2)."""

    kind: ClassVar[str] = "TANH_ERROR"


SPEC = activation_error_spec(TanhError, "tanh")
