"""MEAN_ABSOLUTE_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.losses import LossOp, loss_spec


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(LossOp):
    """Mean of the absolute differences, as `torch.nn.L1Loss`."""

    kind: ClassVar[str] = "MEAN_ABSOLUTE_ERROR"


SPEC = loss_spec(MeanAbsoluteError, "absolute_error")
