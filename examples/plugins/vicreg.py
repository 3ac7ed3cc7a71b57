"""VICReg (Bardes, Ponce, LeCun, arXiv 2105.04906) as a plug-in.

tinyssl pretrain --method examples/plugins/vicreg.py:VICReg -o covariance=0.04
"""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from tinyssl.core.config_types import STRICT, Count, NonNegative
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.heads import projector
from tinyssl.learn.methods.monitor import embedding_std


@dataclass(frozen=True, config=STRICT)
class VICRegConfig(ViewOptions):
    """VICReg with an expander that suits a small backbone (the paper: 8192 wide)."""

    width: Count = 256
    """Width of the expander, and length of the embeddings"""
    invariance: NonNegative = 25.0
    """Weight of the distance between the two views of an image (the paper's lambda)"""
    variance: NonNegative = 25.0
    """Weight of the hinge that keeps the standard deviation of each variable at 1 (mu)"""
    covariance: NonNegative = 1.0
    """Weight of the covariances between different variables (nu)"""
    epsilon: Annotated[float, Field(gt=0)] = 1e-4
    """Added to the variance under the square root, equation 2"""


def variance_loss(z: Tensor, epsilon: float) -> Tensor:
    """Equation 1: the mean hinge of 1 less the standard deviation of each variable of (b, d)."""
    return F.relu(1 - torch.sqrt(z.var(dim=0) + epsilon)).mean()


def covariance_loss(z: Tensor) -> Tensor:
    """Equation 4: squared covariances between different variables of (b, d), over d."""
    squared = torch.cov(z.T).square()
    return (squared.sum() - squared.diagonal().sum()) / z.shape[1]


class VICReg(Method):
    """Views of an image meet; variance and covariance keep the embeddings from collapsing."""

    Config = VICRegConfig

    def __init__(self, backbone: Backbone, config: VICRegConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.expander = projector(backbone.feature_dim, config.width, config.width)

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, ViewSpec.of(2, self.config)),)

    def loss(self, batch: Batch) -> Losses:
        a, b = self.expander(self.backbone(torch.cat(batch.views))).float().chunk(2)
        invariance = F.mse_loss(a, b)
        epsilon = self.config.epsilon
        variance = variance_loss(a, epsilon) + variance_loss(b, epsilon)
        covariance = covariance_loss(a) + covariance_loss(b)
        total = self.config.invariance * invariance + self.config.variance * variance
        total = total + self.config.covariance * covariance
        parts = {"invariance": invariance, "variance": variance, "covariance": covariance}
        return Losses(
            total, {"spread": embedding_std(a), **{k: v.detach() for k, v in parts.items()}}
        )
