"""RSQRT_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class RsqrtError(ActivationError):
    """The error times -y^3 / 2, where y is the output."""

    kind: ClassVar[str] = "RSQRT_ERROR"


SPEC = activation_error_spec(RsqrtError, "rsqrt")
