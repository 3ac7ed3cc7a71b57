"""SimCLR (arXiv 2002.05709) with a head that suits a backbone of 0.4 million parameters."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment import ViewOptions
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.gather import gather_with_gradient
from tinyssl.learn.methods.heads import projector
from tinyssl.learn.methods.monitor import embedding_std


@dataclass(frozen=True, config=STRICT)
class SimCLRConfig(ViewOptions):
    """SimCLR-Tiny: SimCLR's 2048-2048-128 head shrunk to 1280-256-128."""

    temperature: Annotated[float, Field(gt=0)] = 0.5
    """Temperature of the softmax over similarities"""
    hidden: Count = 256
    """Width of the head's hidden layer"""
    outputs: Count = 128
    """Length of the embeddings that are compared"""


def nt_xent(za: Tensor, zb: Tensor, temperature: float) -> Tensor:
    """NT-Xent, equation 1 of arXiv 2002.05709: normalised temperature-scaled cross-entropy.

    For every embedding the other view of its image is the right answer among the 2 * batch - 1
    other embeddings, scored by cosine / temperature. Computed in float32 also under autocast.

    Args:
        za: Embeddings (batch, dim) of the first views, batch > 1.
        zb: Embeddings (batch, dim) of the second views, in the same order.
        temperature: Above 0; smaller looks harder at the nearest wrong answers.

    Returns:
        The mean over all 2 * batch embeddings, a scalar; log(2 * batch - 1) where all are equal.
    """
    batch = za.shape[0]
    with torch.autocast(za.device.type, enabled=False):
        z = F.normalize(torch.cat([za, zb]).float(), dim=1)
        similarity = z @ z.T / temperature
        itself = torch.eye(2 * batch, dtype=torch.bool, device=z.device)
        partner = torch.arange(2 * batch, device=z.device).roll(batch)
        return F.cross_entropy(similarity.masked_fill(itself, float("-inf")), partner)


class SimCLR(Method):
    """Two views of an image attract each other, all other images of the batch repel.

    With several processes these are the images of all of them. Both views share one forward pass,
    as in the authors' code (google-research/simclr, tf2/model.py): batch norm takes its statistics
    over both together.
    """

    Config = SimCLRConfig

    def __init__(self, backbone: Backbone, config: SimCLRConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.projector = projector(backbone.feature_dim, config.hidden, config.outputs)

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, self.own_views(2)),)

    def loss(self, batch: Batch) -> Losses:
        z = self.projector(self.backbone(torch.cat(batch.views)))
        za, zb = z.chunk(2)
        everyone = gather_with_gradient(za), gather_with_gradient(zb)
        total = nt_xent(*everyone, self.config.temperature)
        return Losses(total, {"spread": embedding_std(za)})


METHODS = {"simclr": SimCLR}
