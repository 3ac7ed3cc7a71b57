"""SMOOTH_TANH: TANH of a network that learns on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.smooth import SmoothOp, smooth_spec
from tinyssl.ops.training.tanh_error import TanhError


@dataclass(frozen=True, kw_only=True)
class SmoothTanh(SmoothOp):
    """The same bits on every target."""

    kind: ClassVar[str] = "SMOOTH_TANH"


SPEC = smooth_spec(SmoothTanh, "tanh", TanhError)
