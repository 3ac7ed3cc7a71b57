"""SMOOTH_LOGISTIC: LOGISTIC of a network that learns on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.smooth import SmoothOp, smooth_spec
from tinyssl.ops.training.logistic_error import LogisticError


@dataclass(frozen=True, kw_only=True)
class SmoothLogistic(SmoothOp):
    """The same bits on every target."""

    kind: ClassVar[str] = "SMOOTH_LOGISTIC"


SPEC = smooth_spec(SmoothLogistic, "logistic", LogisticError)
