"""BYOL (arXiv 2006.07733) with heads that suit a backbone of 0.4 million parameters."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment import ViewOptions
from tinyssl.data.augment.options import Probability
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.ema import averaged_copy, cosine_momentum, update_average
from tinyssl.learn.methods.heads import projector
from tinyssl.learn.methods.monitor import embedding_std


@dataclass(frozen=True, config=STRICT)
class BYOLConfig(ViewOptions):
    """BYOL-Tiny: the paper's 4096-256 projector and predictor shrunk to 256-256."""

    momentum: Probability = 0.996
    """Momentum of the target network at the start; rises to 1 along a cosine"""
    hidden: Count = 256
    """Width of the hidden layers of projector and predictor"""
    outputs: Count = 256
    """Length of the embeddings that are compared"""


def regression_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of |p/|p| - t/|t||^2 = 2 - 2 cos(p, t): equation 2 of arXiv 2006.07733.

    Computed in float32 also under autocast.

    Args:
        prediction: (batch, dim), of the online network for one view.
        target: (batch, dim), of the target network for the other view; gets no gradient.

    Returns:
        A scalar in [0, 4]: 0 where all directions are equal, 2 where they are orthogonal.
    """
    with torch.autocast(prediction.device.type, enabled=False):
        cosine = F.cosine_similarity(prediction.float(), target.detach().float(), dim=1)
        return 2 - 2 * cosine.mean()


class BYOL(Method):
    """The online network predicts, for each view, what its own average says about the other.

    No negatives: that not all embeddings become alike rests on predictor, average and batch norm.
    Every view has its own forward pass, as in the authors' code (deepmind-research,
    byol/byol_experiment.py): batch norm takes its statistics over one view, not over both.
    """

    Config = BYOLConfig

    def __init__(self, backbone: Backbone, config: BYOLConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        self.projector = projector(backbone.feature_dim, config.hidden, config.outputs)
        self.predictor = projector(config.outputs, config.hidden, config.outputs)
        self.target = averaged_copy(self._online())

    def _online(self) -> nn.Sequential:
        return nn.Sequential(self.backbone, self.projector)

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, self.own_views(2)),)

    def loss(self, batch: Batch) -> Losses:
        first, second = batch.views
        za, zb = (self.projector(self.backbone(view)) for view in (first, second))
        with torch.no_grad():
            ta, tb = self.target(first), self.target(second)
        total = regression_loss(self.predictor(za), tb) + regression_loss(self.predictor(zb), ta)
        cosine = 1 - total.detach() / 4
        return Losses(total, {"spread": embedding_std(za), "cosine": cosine})

    def after_step(self, progress: float) -> None:
        momentum = cosine_momentum(self.config.momentum, progress)
        update_average(self.target, self._online(), momentum)


METHODS = {"byol": BYOL}
