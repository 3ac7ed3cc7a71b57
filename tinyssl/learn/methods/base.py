"""What every method is: a batch in, losses out."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import Views, ViewSpec
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.tasks import TASKS, Task


@dataclass(frozen=True)
class Targets:
    """What a frozen teacher says about the first view of each image. Never requires a gradient."""

    summary: Tensor
    """(b, summary_dim) float32: the CLS token of a ViT, the pooled features of a CNN"""
    tokens: Tensor
    """(b, token_dim, g, g) float32: patch tokens or feature map, pooled to a square grid"""


@dataclass(frozen=True)
class Batch:
    """All that a method may look at in one step."""

    views: Views
    """As `Method.views` asked, group after group"""
    targets: Targets | None = None
    """For the first view; only where the method `needs_teacher`"""
    labels: Tensor | None = None
    """The task's answers, (b,) int64 of classes; only where the method `needs_labels`"""


@dataclass(frozen=True)
class MethodContext:
    """Sizes that a method cannot choose."""

    summary_dim: int = 0
    """Length of the teacher's summary; 0: no teacher"""
    token_dim: int = 0
    """Length of the teacher's tokens"""
    classes: int = 0
    """Numbers that the task's head gives: its classes; 0: no labels"""
    image_size: int = 0
    """Side of a view in pixels; 0: no images"""
    task: Task = TASKS["classification"]
    """What the labels are"""
    views: Any = None
    """Options of the views where the samples are no images: of a class in `VIEW_OPTIONS`"""


@dataclass(frozen=True)
class Losses:
    """What one step found."""

    total: Tensor
    """Scalar that is minimised"""
    metrics: dict[str, Tensor] = field(default_factory=dict)
    """Detached scalars to log: parts of the loss, and `spread`, the sign of collapse"""


@dataclass(frozen=True)
class ViewStage:
    """A part of the training in which all views are drawn alike."""

    start: float
    """Share of the steps after which it begins, in [0, 1)"""
    views: ViewSpec


class Method(nn.Module, abc.ABC):
    """A method owns the backbone and whatever it needs beside it while training.

    All parameters that require a gradient are trained, all buffers and parameters are in the
    checkpoint, and only the backbone survives. Randomness must come from torch's global generator:
    the loop seeds it before every step, which makes resumed runs exact.
    """

    Config: ClassVar[type]
    """Its options: a frozen pydantic dataclass, a docstring under each field"""
    needs_teacher: ClassVar[bool] = False
    """Whether `Batch.targets` must be there"""
    needs_labels: ClassVar[bool] = False
    """Whether `Batch.labels` must be there"""
    trains: ClassVar[bool] = True
    """False where the backbone stays as it was drawn: there are no steps"""

    def __init__(self, backbone: Backbone, config: Any, context: MethodContext) -> None:
        super().__init__()
        if self.needs_teacher and not context.summary_dim:
            raise UsageError(
                f"{type(self).__name__} has no teacher to learn from",
                hint="name one: --teacher efficientnet_lite2 (its weights come with a package)",
            )
        if self.needs_labels and not context.classes:
            raise UsageError(
                f"{type(self).__name__} needs labels, and the data has none",
                hint="use a folder with a subfolder for each class, or a method without labels",
            )
        self.backbone = backbone
        self.config = config
        self.context = context

    def own_views(self, count: int) -> ViewSpec:
        """`count` views alike: by the config of the method, or by that of the samples' kind."""
        return ViewSpec.of(count, self.context.views or self.config)

    @abc.abstractmethod
    def stages(self) -> tuple[ViewStage, ...]:
        """The curriculum, by rising start; the first starts at 0. One stage where there is none.

        Known before training, so that the teacher's targets can be computed before it too.
        """

    def views(self, progress: float) -> ViewSpec:
        """The views that the next step needs; `progress` is the share of steps done, in [0, 1)."""
        return [stage for stage in self.stages() if stage.start <= progress][-1].views

    @abc.abstractmethod
    def loss(self, batch: Batch) -> Losses:
        """The loss of one batch, whose views are as `self.views` asked."""

    def after_step(self, progress: float) -> None:
        """Called after every optimiser step: averaged teachers, centres, queues."""
