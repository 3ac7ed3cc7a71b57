"""DINO (arXiv 2104.14294) with a head that suits a backbone of 0.4 million parameters."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.distributed as dist
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment.options import Probability
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, MethodContext
from tinyssl.learn.methods.ema import averaged_copy, cosine_momentum, update_average
from tinyssl.learn.methods.monitor import embedding_std
from tinyssl.learn.methods.multicrop import (
    GLOBAL_VIEWS,
    MultiCropMethod,
    MultiCropOptions,
    by_view,
    features_by_size,
    mean_of_pairs,
    pair_losses,
)

Temperature = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=STRICT)
class DINOConfig(MultiCropOptions):
    """DINO-Tiny: the paper's 2048-2048-256 head with 65,536 outputs shrunk to 256-256-128 and 512.

    Sizes of the head are ours.
    """

    momentum: Probability = 0.996
    """Momentum of the teacher at the start; rises to 1 along a cosine"""
    centre_momentum: Probability = 0.9
    """Momentum of the centre that is subtracted from the teacher's outputs"""
    student_temperature: Temperature = 0.1
    """Temperature of the student's softmax"""
    teacher_temperature: Temperature = 0.04
    """Temperature of the teacher's softmax at the start"""
    teacher_temperature_end: Temperature = 0.04
    """… and after `teacher_warmup`; 0.07 in the authors' longer schedules"""
    teacher_warmup: Probability = 0.25
    """Share of the steps over which it changes, linearly (the view sampler's paper: 50 of 200
    epochs)"""
    freeze_last: Probability = 0.01
    """Share of the steps at the start that leave the last layer as it was drawn (the authors: one
    epoch of a hundred)"""
    hidden: Count = 256
    """Width of the head's two hidden layers"""
    bottleneck: Count = 128
    """Length of the normalised embeddings before the last layer"""
    outputs: Count = 512
    """Outputs, over which the softmax runs"""


class DINOHead(nn.Module):
    """Three layers with batch norm and GELU, unit length, then cosines with `outputs` directions.

    The last layer is the authors' weight norm with the lengths fixed at 1: what is trained is the
    direction of every row.
    """

    def __init__(self, inputs: int, config: DINOConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, config.hidden, bias=False),
            nn.BatchNorm1d(config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.hidden, bias=False),
            nn.BatchNorm1d(config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.bottleneck),
        )
        self.last = nn.Linear(config.bottleneck, config.outputs, bias=False)
        for module in self.layers:
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def embed(self, features: Tensor) -> Tensor:
        """(n, inputs) to (n, bottleneck), of unit length."""
        return F.normalize(self.layers(features), dim=1)

    def score(self, embeddings: Tensor, thaw: Tensor | float = 1.0) -> Tensor:
        """(n, bottleneck) to (n, outputs), in [-1, 1]. The last layer's gradient is times `thaw`.

        A factor instead of no gradient at all: processes that train together wait for every
        parameter's gradient.
        """
        weight = self.last.weight
        weight = weight.detach() + thaw * (weight - weight.detach())
        return F.linear(embeddings, F.normalize(weight, dim=1))

    def forward(self, features: Tensor) -> Tensor:
        return self.score(self.embed(features))


def teacher_probabilities(logits: Tensor, centre: Tensor, temperature: Tensor | float) -> Tensor:
    """softmax((logits - centre) / temperature) over the last axis, in float32, no gradient.

    Args:
        logits: (…, outputs).
        centre: (outputs,).
        temperature: Above 0.
    """
    with torch.no_grad(), torch.autocast(logits.device.type, enabled=False):
        return ((logits.float() - centre) / temperature).softmax(dim=-1)


@torch.no_grad()
def moved_centre(centre: Tensor, logits: Tensor, momentum: float) -> Tensor:
    """momentum * centre + (1 - momentum) * mean of all teacher's rows (eq. 4), over all processes.

    Args:
        centre: (outputs,).
        logits: The teacher's, (…, outputs).
        momentum: In [0, 1].
    """
    mean = logits.float().flatten(0, -2).mean(dim=0)
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(mean)
        mean /= dist.get_world_size()
    return momentum * centre + (1 - momentum) * mean


class DINO(MultiCropMethod):
    """The student learns to say of every view what its average, the teacher, says of another.

    That the outputs do not collapse rests on two opposed forces: subtracting the centre (against
    one output for all) and the teacher's low temperature (against equal outputs). `kl` near 0 says
    that they failed: every image gets the same answer, with `entropy` (nats) log(outputs) where it
    is uniform, 0 where it is a single output (section 5.3 of the paper).
    """

    Config = DINOConfig
    centre: Tensor
    """(outputs,) float32"""
    progress: Tensor
    """Scalar float32: share of the steps done"""

    def __init__(self, backbone: Backbone, config: DINOConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.head = DINOHead(backbone.feature_dim, config)
        self.teacher = averaged_copy(self._student())
        self.register_buffer("centre", torch.zeros(config.outputs))
        self.register_buffer("progress", torch.zeros(()))

    def _student(self) -> nn.Sequential:
        return nn.Sequential(self.backbone, self.head)

    def loss(self, batch: Batch) -> Losses:
        config, views = self.config, batch.views
        with torch.no_grad():
            teacher = self.teacher(torch.cat(views[:GLOBAL_VIEWS]))
        embeddings = self.head.embed(features_by_size(self.backbone, views))
        student = self.head.score(embeddings, thaw=self.progress >= config.freeze_last)
        temperature = self.teacher_temperature()
        targets = teacher_probabilities(by_view(teacher, GLOBAL_VIEWS), self.centre, temperature)
        pairs = pair_losses(by_view(student, len(views)), targets, config.student_temperature)
        self.centre.copy_(moved_centre(self.centre, teacher, config.centre_momentum))
        entropy = torch.special.entr(targets).sum(dim=-1).mean()
        metrics = {
            "spread": embedding_std(embeddings[: len(views[0])]),
            "entropy": entropy,
            "kl": (pairs[0, 1] + pairs[1, 0]).detach() / 2 - entropy,
        }
        return Losses(mean_of_pairs(pairs, config.global_weight), metrics)

    def teacher_temperature(self) -> Tensor:
        """The teacher's temperature at this moment, a scalar on the training device."""
        config = self.config
        change = config.teacher_temperature_end - config.teacher_temperature
        done = (self.progress / max(config.teacher_warmup, 1e-9)).clamp(max=1)
        now: Tensor = done * change + config.teacher_temperature
        return now

    def after_step(self, progress: float) -> None:
        update_average(
            self.teacher, self._student(), cosine_momentum(self.config.momentum, progress)
        )
        self.progress.fill_(progress)


METHODS = {"dino": DINO}
