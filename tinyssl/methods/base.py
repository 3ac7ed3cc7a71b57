"""What every self-supervised method is: views in, losses out."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from tinyssl.augment import Views, ViewSpec
from tinyssl.backbones import Backbone


@dataclass(frozen=True)
class Losses:
    """What one step found."""

    total: Tensor
    """Scalar that is minimised"""
    figures: dict[str, Tensor] = field(default_factory=dict)
    """Detached scalars to log: parts of the loss, signs of collapse"""


class Method(nn.Module, abc.ABC):
    """A method owns the backbone and whatever it needs beside it while training.

    All parameters that require a gradient are trained, all buffers and parameters are in the
    checkpoint, and only the backbone survives. Randomness must come from torch's global generator:
    the loop seeds it before every step, which makes resumed runs exact.
    """

    Config: ClassVar[type]
    """Its options: a frozen pydantic dataclass, a docstring under each field"""

    def __init__(self, backbone: Backbone, config: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.config = config

    @abc.abstractmethod
    def views(self, progress: float) -> ViewSpec:
        """The views that the next step needs; `progress` is the share of steps done, in [0, 1)."""

    @abc.abstractmethod
    def loss(self, views: Views) -> Losses:
        """The loss of one batch; `views` are as `self.views` asked."""

    def after_step(self, progress: float) -> None:
        """Called after every optimiser step: averaged teachers, centres, queues."""
