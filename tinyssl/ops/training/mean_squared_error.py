"""MEAN_SQUARED_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.losses import LossOp, loss_spec


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError(LossOp):
    """Mean of the squared differences, as `torch.nn.MSELoss`."""

    kind: ClassVar[str] = "MEAN_SQUARED_ERROR"


SPEC = loss_spec(MeanSquaredError, "squared_error")
