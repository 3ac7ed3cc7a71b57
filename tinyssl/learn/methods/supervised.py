"""Training with labels: the ceiling of every comparison."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config import STRICT
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.data.augment.options import Probability, Share
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, Surroundings, ViewStage
from tinyssl.learn.methods.monitor import spread


@dataclass(frozen=True, config=STRICT)
class SupervisedConfig(ViewOptions):
    """Cross-entropy on one view, with the mild augmentation that suits labels (ours)."""

    crop_min: Share = 0.4
    """Smallest crop, as a share of the image's area; crops are resized to the full size"""
    jitter: Probability = 0.0
    """Probability of the colour jitter"""
    grey: Probability = 0.0
    """Probability of dropping all colour"""
    blur: Probability = 0.0
    """Probability of a Gaussian blur, sigma 0.1 to 2 pixels"""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target that is spread over all classes"""


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Softmax cross-entropy in float32, a scalar: log(classes) where all logits are equal.

    Args:
        logits: (batch, classes).
        labels: (batch,) int64.
        smoothing: Share of the target spread evenly over all classes, in [0, 1).
    """
    with torch.autocast(logits.device.type, enabled=False):
        return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)


class Supervised(Method):
    """A linear classifier on the features; it is thrown away, the probe trains its own."""

    Config = SupervisedConfig
    needs_labels = True

    def __init__(self, backbone: Backbone, config: SupervisedConfig, around: Surroundings) -> None:
        super().__init__(backbone, config, around)
        self.classifier = nn.Linear(backbone.feature_dim, around.classes)

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, ViewSpec.of(1, self.config)),)

    def loss(self, batch: Batch) -> Losses:
        assert batch.labels is not None
        features = self.backbone(batch.views[0])
        logits = self.classifier(features)
        total = cross_entropy(logits, batch.labels, self.config.label_smoothing)
        right = (logits.detach().argmax(dim=1) == batch.labels).float().mean()
        return Losses(total, {"accuracy": right, "spread": spread(features)})


METHODS = {"supervised": Supervised}
