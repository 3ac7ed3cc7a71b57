"""SimReg (arXiv 2201.05131): a student predicts its teacher's features through a deep head.

Chosen among label-free recipes because its abstract says that plain regression is ahead of more
complex methods on ImageNet, and because it needs nothing of the teacher but its features: no
projection head, no prototypes (as RoB, arXiv 2301.09451, and Retro, arXiv 2405.15311, do).
"""

from __future__ import annotations

from pydantic.dataclasses import dataclass
from torch import nn

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment import PlainViewOptions
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.byol import regression_loss
from tinyssl.learn.methods.centre import CENTRE_MOMENTUM, RunningCentre
from tinyssl.learn.methods.monitor import embedding_std


@dataclass(frozen=True, config=STRICT)
class SimRegConfig(PlainViewOptions):
    """SimReg with the paper's weak views: crops and flips alone, the same for both networks."""

    hidden: Count = 1024
    """Width of the head's first and third layer (the paper: twice the backbone's features)"""
    middle: Count = 512
    """Width of its second layer (the paper: as many as the backbone's features)"""
    centre: bool = True
    """Subtract a running mean from the teacher's features (ours: those of a CNN share a direction,
    which to give for every image is already a small loss)"""


def deep_head(inputs: int, hidden: int, middle: int, outputs: int) -> nn.Sequential:
    """(b, inputs) to (b, outputs) through four layers, `mlp_arch.py` of the authors' code.

    Two heads of two layers, one after the other: linear, batch norm, ReLU, linear each.
    """

    def half(start: int, end: int) -> list[nn.Module]:
        return [
            nn.Linear(start, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, end),
        ]

    return nn.Sequential(*half(inputs, middle), *half(middle, outputs))


class SimReg(Method):
    """The direction of the head's output becomes that of the teacher's features.

    The loss is the squared distance of both at unit length, 2 - 2 cosine. Only the head's output
    has to look like the teacher; the features below it, which are kept, do not.
    """

    Config = SimRegConfig
    needs_teacher = True

    def __init__(self, backbone: Backbone, config: SimRegConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        outputs = context.summary_dim
        self.head = deep_head(backbone.feature_dim, config.hidden, config.middle, outputs)
        self.centre = RunningCentre(outputs, CENTRE_MOMENTUM) if config.centre else nn.Identity()

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, self.own_views(1)),)

    def loss(self, batch: Batch) -> Losses:
        assert batch.targets is not None
        wanted = self.centre(batch.targets.summary)
        found = self.head(self.backbone(batch.views[0]))
        return Losses(regression_loss(found, wanted), {"spread": embedding_std(found)})


METHODS = {"simreg": SimReg}
