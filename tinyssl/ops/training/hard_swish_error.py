"""HARD_SWISH_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class HardSwishError(ActivationError):
    """error * (x / 3 + 0.5) between -3 and 3; x is the input, as in PyTorch."""

    kind: ClassVar[str] = "HARD_SWISH_ERROR"


SPEC = activation_error_spec(HardSwishError, "hard_swish")
