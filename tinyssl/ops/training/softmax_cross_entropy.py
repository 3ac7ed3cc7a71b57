"""SOFTMAX_CROSS_ENTROPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.losses import LossOp, loss_spec


@dataclass(frozen=True, kw_only=True)
class SoftmaxCrossEntropy(LossOp):
    """Cross-entropy of softmax and a label, as `torch.nn.CrossEntropyLoss`."""

    kind: ClassVar[str] = "SOFTMAX_CROSS_ENTROPY"


SPEC = loss_spec(SoftmaxCrossEntropy, "softmax_cross_entropy")
