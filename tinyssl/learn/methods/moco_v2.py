"""MoCo v2 (arXiv 2003.04297) with a head and a queue that suit small networks and data."""

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
from tinyssl.learn.methods.ema import averaged_copy, update_average
from tinyssl.learn.methods.heads import plain_head
from tinyssl.learn.methods.monitor import embedding_std
from tinyssl.learn.methods.multicrop import (
    MultiCropMethod,
    MultiCropOptions,
    by_view,
    features_by_size,
    rebalanced,
)
from tinyssl.learn.methods.queue import Queue


@dataclass(frozen=True, config=STRICT)
class MoCoV2Config(MultiCropOptions):
    """MoCo v2's 2048-128 head shrunk to 256-128; queue and momentum of the authors' CIFAR demo."""

    temperature: Annotated[float, Field(gt=0)] = 0.2
    """Temperature of the softmax over similarities"""
    momentum: Probability = 0.99
    """Momentum of the key encoder (0.999 for ImageNet; the authors' CIFAR-10 demo has 0.99)"""
    queue: Count = 4096
    """Keys of earlier images that repel (65,536 for ImageNet; the authors' CIFAR-10 demo has
    4,096); keep it well below the number of images"""
    hidden: Count = 256
    """Width of the head's hidden layer"""
    outputs: Count = 128
    """Length of the embeddings that are compared"""


def info_nce(queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """InfoNCE against a queue, equation 1 of arXiv 1911.05722, one value for each view.

    The right answer for a query is the key of its image, the wrong ones are the queue's rows; both
    are scored by cosine / temperature. Computed in float32 also under autocast.

    Args:
        queries: (views, batch, dim).
        keys: (batch, dim), in the same order; get no gradient.
        negatives: (size, dim), of unit length; get no gradient.
        temperature: Above 0.

    Returns:
        (views,): the mean over the batch; log(1 + size) where all similarities are equal.
    """
    with torch.autocast(queries.device.type, enabled=False):
        q = F.normalize(queries.float(), dim=-1)
        k = F.normalize(keys.detach().float(), dim=-1)
        right = (q * k).sum(dim=-1, keepdim=True)
        wrong = q @ negatives.detach().float().T
        logits = torch.cat([right, wrong], dim=-1) / temperature
        return (logits.logsumexp(dim=-1) - logits[..., 0]).mean(dim=1)


class MoCoV2(MultiCropMethod):
    """A view attracts the key of its image, which a slow average makes, and repels a queue.

    The first global view is the key, the second and all local ones are queries; the roles are not
    swapped (as in the authors' code). Keys are made of the first view alone, so their batch norms
    see other images' rows of the same view only. Shuffling the batch over GPUs, with which the
    authors hide the batch's own statistics, changes nothing on one device (a mean does not know the
    order) nor with synchronised batch norm, so it is not done.
    """

    Config = MoCoV2Config

    def __init__(self, backbone: Backbone, config: MoCoV2Config, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.head = plain_head(backbone.feature_dim, config.hidden, config.outputs)
        self.key_encoder = averaged_copy(self._query_encoder())
        self.queue = Queue(config.queue, config.outputs)

    def _query_encoder(self) -> nn.Sequential:
        return nn.Sequential(self.backbone, self.head)

    def loss(self, batch: Batch) -> Losses:
        key_view, *query_views = batch.views
        rows = self.head(features_by_size(self.backbone, tuple(query_views)))
        queries = by_view(rows, len(query_views))
        with torch.no_grad():
            keys = self.key_encoder(key_view)
        # A copy: pushing writes into the rows, which the gradient still needs.
        negatives = self.queue.rows.clone()
        views = info_nce(queries, keys, negatives, self.config.temperature)
        total = rebalanced(views[:1], views[1:], self.config.global_weight)
        self.queue.push(keys)
        return Losses(total, {"spread": embedding_std(queries[0])})

    def after_step(self, progress: float) -> None:
        update_average(self.key_encoder, self._query_encoder(), self.config.momentum)


METHODS = {"moco_v2": MoCoV2}
