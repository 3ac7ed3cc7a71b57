"""ABS_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.activation_error import ActivationError, activation_error_spec


@dataclass(frozen=True, kw_only=True)
class AbsError(ActivationError):
    """The error where the input was above zero, its negative where it was below, else 0."""

    kind: ClassVar[str] = "ABS_ERROR"


SPEC = activation_error_spec(AbsError, "abs")
