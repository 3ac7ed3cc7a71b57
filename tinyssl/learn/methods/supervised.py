"""Training with labels: the ceiling of every comparison."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import nn

from tinyssl.core.config_types import STRICT
from tinyssl.data.augment import PlainViewOptions
from tinyssl.data.augment.options import Share
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.monitor import embedding_std


@dataclass(frozen=True, config=STRICT)
class SupervisedConfig(PlainViewOptions):
    """The task's loss on one view, with the mild augmentation that suits labels (ours)."""

    crop_min: Share = 0.4
    """Smallest crop, as a share of the image's area; crops are resized to the full size"""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target that is spread over all classes"""


class Supervised(Method):
    """A linear head on the features with the task's loss; the probe later trains its own."""

    Config = SupervisedConfig
    needs_labels = True

    def __init__(
        self, backbone: Backbone, config: SupervisedConfig, context: MethodContext
    ) -> None:
        super().__init__(backbone, config, context)
        self.classifier = nn.Linear(backbone.feature_dim, context.classes)

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, self.own_views(1)),)

    def loss(self, batch: Batch) -> Losses:
        assert batch.labels is not None
        features = self.backbone(batch.views[0])
        logits = self.classifier(features)
        task = self.context.task
        total = task.loss(logits, batch.labels, self.config.label_smoothing)
        name, value = task.progress_metric(logits, batch.labels)
        return Losses(total, {name: value, "spread": embedding_std(features)})


METHODS = {"supervised": Supervised}
