"""SwAV (arXiv 2006.09882) with a head, prototypes and a queue that suit small networks and data."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment.options import Probability
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, MethodContext
from tinyssl.learn.methods.heads import projector
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
from tinyssl.learn.methods.queue import Queue, gather_rows, own_rows

Positive = Annotated[float, Field(gt=0)]

TINY = 1e-30
"""Least sum that is divided by: a prototype far from all images has none in float32"""


@dataclass(frozen=True, config=STRICT)
class SwAVConfig(MultiCropOptions):
    """SwAV-Tiny: the 4096-128 head of arXiv 2210.02808 shrunk to 256-128, 3,000 prototypes to 300.

    Sizes of head, prototypes and queue are ours.
    """

    temperature: Positive = 0.1
    """Temperature of the softmax that predicts the codes"""
    epsilon: Positive = 0.05
    """Weight of the entropy in the assignment: larger makes codes softer"""
    iterations: Count = 3
    """Passes of Sinkhorn and Knopp's algorithm"""
    prototypes: Annotated[int, Field(ge=2)] = 300
    """Directions to which images are assigned (the paper: 3,000 for ImageNet)"""
    freeze_prototypes: Probability = 0.01
    """Share of the steps at the start that leave the prototypes as they were drawn (the authors:
    the first epoch)"""
    queue: Annotated[int, Field(ge=0)] = 512
    """Earlier images that are assigned with the batch, so that a small batch fills the prototypes
    (the paper: 3,840); 0: none"""
    queue_from: Probability = 0.075
    """Share of the steps after which the queue begins to fill (the paper: 15 of 200 epochs)"""
    hidden: Count = 256
    """Width of the head's hidden layer"""
    outputs: Count = 128
    """Length of the embeddings that are compared"""


def sinkhorn(scores: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Codes: soft assignments that use all prototypes alike (equations 3 to 5).

    Alternates between equal sums of the prototypes and equal sums of the images, images last.
    In float32 also under autocast; no gradient.

    Args:
        scores: Cosines (images, prototypes) in [-1, 1].
        epsilon: Above 0.
        iterations: At least 1.

    Returns:
        (images, prototypes), each row sums to 1, each column to nearly images / prototypes.
    """
    with torch.no_grad(), torch.autocast(scores.device.type, enabled=False):
        logits = scores.float() / epsilon
        codes = (logits - logits.max()).exp()
        for _ in range(iterations):
            codes = codes / codes.sum(dim=0, keepdim=True).clamp_min(TINY)
            codes = codes / codes.sum(dim=1, keepdim=True).clamp_min(TINY)
    return codes


def share_used(codes: Tensor) -> Tensor:
    """Share of the columns that are the largest of some row; `codes` (images, prototypes)."""
    chosen = codes.new_zeros(codes.shape[1]).index_fill_(0, codes.argmax(dim=1), 1.0)
    return chosen.mean()


class SwAV(MultiCropMethod):
    """Each global view is assigned to prototypes; all other views predict its assignment.

    That not all images get the same prototype rests on the assignment, which is made for the whole
    batch (of all processes) and shares it out evenly. There is no averaged network: codes and
    predictions come from the same forward pass. `used` is the share of prototypes that are the
    first choice of some image of the batch: near 1 / prototypes the codes have collapsed.
    """

    Config = SwAVConfig
    progress: Tensor
    """Scalar float32: share of the steps done"""

    def __init__(self, backbone: Backbone, config: SwAVConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.head = projector(backbone.feature_dim, config.hidden, config.outputs)
        self.prototypes = nn.Linear(config.outputs, config.prototypes, bias=False)
        self.queues = nn.ModuleList()
        for _ in range(GLOBAL_VIEWS if config.queue else 0):
            queue = Queue(config.queue, config.outputs)
            queue.rows.zero_()  # empty, not random: such rows would take prototypes from the batch
            self.queues.append(queue)
        self.register_buffer("progress", torch.zeros(()))
        self._normalise_prototypes()

    def loss(self, batch: Batch) -> Losses:
        config, views = self.config, batch.views
        rows = self.head(features_by_size(self.backbone, views))
        with torch.autocast(rows.device.type, enabled=False):
            embeddings = by_view(F.normalize(rows.float(), dim=1), len(views))
            scores = F.linear(embeddings, self._thawed_prototypes())
        globals_ = embeddings[:GLOBAL_VIEWS].detach()
        codes = torch.stack([self._codes(view, rows) for view, rows in enumerate(globals_)])
        pairs = pair_losses(scores, codes, config.temperature)
        metrics = {"spread": embedding_std(globals_[0]), "used": share_used(codes[0])}
        return Losses(mean_of_pairs(pairs, config.global_weight), metrics)

    def _thawed_prototypes(self) -> Tensor:
        """The prototypes; their gradient is zero while they are frozen, but never missing."""
        weight = self.prototypes.weight
        thaw = self.progress >= self.config.freeze_prototypes
        thawed: Tensor = weight.detach() + thaw * (weight - weight.detach())
        return thawed

    @torch.no_grad()
    def _codes(self, view: int, embeddings: Tensor) -> Tensor:
        """Codes (batch, prototypes) of one global view, which then goes into its queue.

        The images of all processes are assigned together, with the earlier ones once the queue is
        full.
        """
        config = self.config
        everyone = gather_rows(embeddings)
        if config.queue:
            everyone = torch.cat([self._earlier(view), everyone])
            self._push(view, embeddings)
        scores = F.linear(everyone, self.prototypes.weight.float())
        return own_rows(sinkhorn(scores, config.epsilon, config.iterations), len(embeddings))

    def _earlier(self, view: int) -> Tensor:
        """The rows of a view's queue, (queue, outputs); none before it is full."""
        rows = self.queues[view].get_buffer("rows")
        return rows if rows[-1].any() else rows[:0]

    def _push(self, view: int, embeddings: Tensor) -> None:
        queue = self.queues[view]
        assert isinstance(queue, Queue)
        if self.progress >= self.config.queue_from:
            queue.push(embeddings)

    @torch.no_grad()
    def _normalise_prototypes(self) -> None:
        weight = self.prototypes.weight
        weight.copy_(F.normalize(weight, dim=1))

    def after_step(self, progress: float) -> None:
        self._normalise_prototypes()
        self.progress.fill_(progress)


METHODS = {"swav": SwAV}
