"""CA-DSSL, the method of TinySSL (arXiv 2605.08241): distillation that suits 0.4 M parameters.

The paper's full text and code were not at hand. That there are a frozen self-supervised ViT, an
asymmetric small head, distillation at several scales and a progressive curriculum is the paper's;
the form of the losses, the weights and the stages are inferred, and options here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count, Fraction, NonNegative
from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.data.augment.options import Share
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, Targets, ViewStage
from tinyssl.learn.methods.centre import CENTRE_MOMENTUM, RunningCentre
from tinyssl.learn.methods.curriculum import progressive
from tinyssl.learn.methods.heads import projector
from tinyssl.learn.methods.monitor import embedding_std
from tinyssl.learn.methods.seed import OneQueue

Temperature = Annotated[float, Field(gt=0)]

TINY = 1e-16
"""Smallest product of two squared lengths that is divided by"""


@dataclass(frozen=True, config=STRICT)
class CaDsslConfig(ViewOptions):
    """CA-DSSL; crop, colour and blur are those of the last, strong stage. All defaults inferred."""

    multi_scale: NonNegative = 0.5
    """Weight of the loss on the feature maps at three strides; 0 leaves it out"""
    curriculum: bool = True
    """Weak, medium, strong views one after the other; false: strong ones all the time"""
    medium_from: Fraction = 0.3
    """Share of the training after which the medium views begin"""
    strong_from: Fraction = 0.7
    """Share of the training after which the strong views begin"""
    weak_crop_min: Share = 0.6
    """Smallest crop of the weak views; stages with equal crops share the teacher's cache"""
    medium_crop_min: Share = 0.4
    """Smallest crop of the medium views"""
    hidden: Count = 256
    """Width of the head's hidden layer (the published 426K parameters fit 256)"""
    loss: Literal["cosine", "seed"] = "cosine"
    """Loss on the teacher's summary: cosine, or SEED's with a queue"""
    centre: bool = True
    """Subtract a running mean from the teacher's summary and tokens before the cosine (ours: the
    features of a CNN share a direction, and learning that alone already gives a small loss)"""
    standardise: bool = False
    """With centre, also divide each dimension by its running standard deviation (ours)"""
    queue: Count = 4096
    """Images in the queue of the loss seed"""
    student_temperature: Temperature = 0.2
    """Temperature of the student's similarities (loss seed)"""
    teacher_temperature: Temperature = 0.01
    """Temperature of the teacher's similarities (loss seed)"""
    shuffle_teacher: bool = False
    """A control that must fail: every image gets the targets of another of its batch"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.medium_from >= self.strong_from:
            raise UsageError(
                f"medium_from {self.medium_from} is not below strong_from {self.strong_from}",
                hint="both are shares of the training, the medium stage comes first",
            )


def cosine_loss(p: Tensor, t: Tensor) -> Tensor:
    """1 - cosine, in [0, 2]: 0 for the same direction, 2 for opposite ones. Float32.

    Args:
        p: Student's embeddings (batch, dim), or maps (batch, dim, h, w) compared at each position.
        t: Teacher's, of the same shape; no gradient flows there.

    Returns:
        The mean over the batch and all positions, a scalar.
    """
    with torch.autocast(p.device.type, enabled=False):
        p, t = p.float(), t.detach().float()
        # Written out: with its backward pass twice as fast as F.cosine_similarity on a CPU.
        squares = p.square().sum(dim=1) * t.square().sum(dim=1)
        return 1 - ((p * t).sum(dim=1) * squares.clamp_min(TINY).rsqrt()).mean()


def token_loss(maps: Sequence[Tensor], tokens: Tensor) -> Tensor:
    """Mean over several scales of `cosine_loss` at every position.

    Args:
        maps: Adapted feature maps, each (batch, token_dim, h, w) of its own size.
        tokens: Teacher's grid (batch, token_dim, g, g), averaged adaptively to each map's size; a
            map finer than the grid finds each token repeated.
    """
    # As the maps are: sums over channels are then over neighbours in memory.
    tokens = tokens.contiguous(memory_format=torch.channels_last)
    pooled = (F.adaptive_avg_pool2d(tokens, (m.shape[2], m.shape[3])) for m in maps)
    return torch.stack([cosine_loss(m, t) for m, t in zip(maps, pooled, strict=True)]).mean()


class CaDssl(Method):
    """The student sees the teacher's own view, and learns its summary and its tokens."""

    Config = CaDsslConfig
    needs_teacher = True

    def __init__(self, backbone: Backbone, config: CaDsslConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.head = projector(backbone.feature_dim, config.hidden, context.summary_dim)
        self.adapters = nn.ModuleList()
        if config.multi_scale:
            self.adapters.extend(
                nn.Conv2d(channels, context.token_dim, 1, bias=False)
                for channels in backbone.map_channels.values()
            )
        self.summary_centre = self._centre(context.summary_dim)
        self.token_centre = self._centre(context.token_dim)
        temperatures = config.student_temperature, config.teacher_temperature
        self.summary_loss = (
            OneQueue(config.queue, context.summary_dim, temperatures)
            if config.loss == "seed"
            else cosine_loss
        )

    def _centre(self, dim: int) -> nn.Module:
        if not self.config.centre:
            return nn.Identity()
        return RunningCentre(dim, CENTRE_MOMENTUM, self.config.standardise)

    def stages(self) -> tuple[ViewStage, ...]:
        views = ViewSpec.of(1, self.config)
        stages = progressive(
            views,
            (self.config.medium_from, self.config.strong_from),
            (self.config.weak_crop_min, self.config.medium_crop_min),
        )
        return stages if self.config.curriculum else (replace(stages[-1], start=0.0),)

    def loss(self, batch: Batch) -> Losses:
        targets = self._targets(batch)
        features, maps = self.backbone.forward_all(batch.views[0])
        p = self.head(features)
        total = summary = self.summary_loss(p, self.summary_centre(targets.summary))
        metrics = {"summary": summary.detach(), "spread": embedding_std(p)}
        if self.adapters:
            adapted = [adapt(m) for adapt, m in zip(self.adapters, maps.values(), strict=True)]
            tokens = token_loss(adapted, self.token_centre(targets.tokens))
            total = summary + self.config.multi_scale * tokens
            metrics["tokens"] = tokens.detach()
        return Losses(total, metrics)

    def _targets(self, batch: Batch) -> Targets:
        assert batch.targets is not None
        if not self.config.shuffle_teacher:
            return batch.targets
        order = torch.randperm(len(batch.targets.summary)).to(batch.targets.summary.device)
        return Targets(batch.targets.summary[order], batch.targets.tokens[order])


METHODS = {"ca_dssl": CaDssl}
