"""SEED (arXiv 2101.04731): a student learns which images its teacher finds alike."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.centre import CENTRE_MOMENTUM, RunningCentre
from tinyssl.learn.methods.heads import plain_head
from tinyssl.learn.methods.monitor import embedding_std
from tinyssl.learn.methods.queue import Queue

Temperature = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=STRICT)
class SeedConfig(ViewOptions):
    """SEED with the hidden layer of the TinySSL paper's baseline (1280-2048-…)."""

    space: Literal["teacher", "own"] = "teacher"
    """teacher: the head's outputs are as long as the teacher's summary and compared with it, one
    queue (the authors' code); own: similarities in each network's own space, two queues (inferred
    from the size of the TinySSL paper's head; learned far more slowly where we measured)"""
    queue: Count = 4096
    """Images in the queue; the paper's 65536 is more than a small data set has"""
    student_temperature: Temperature = 0.2
    """Temperature of the student's similarities"""
    teacher_temperature: Temperature = 0.01
    """Temperature of the teacher's similarities; towards 0 only the nearest image counts"""
    hidden: Count = 2048
    """Width of the head's hidden layer"""
    outputs: Count = 256
    """Length of the student's embeddings (space own)"""
    centre: bool = False
    """Subtract a running mean from the teacher's summary before similarities are taken (ours)"""


def similarity_loss(
    student: Tensor, teacher: Tensor, student_temperature: float, teacher_temperature: float
) -> Tensor:
    """Cross-entropy between two softmaxes over similarities, equation 5 of arXiv 2101.04731.

    Args:
        student: Cosines (batch, images) of the student's embeddings.
        teacher: Cosines (batch, images) of the teacher's, of the same images; no gradient.
        student_temperature: Above 0.
        teacher_temperature: Above 0.

    Returns:
        Mean over the batch, a scalar; at least the entropy of the teacher's softmax.
    """
    with torch.autocast(student.device.type, enabled=False):
        wanted = F.softmax(teacher.detach().float() / teacher_temperature, dim=1)
        return F.cross_entropy(student.float() / student_temperature, wanted)


def seed_loss(z: Tensor, key: Tensor, queue: Tensor, temperatures: tuple[float, float]) -> Tensor:
    """SEED's loss in one space: similarities to the image itself (column 0) and to a queue.

    Args:
        z: Student's embeddings (batch, dim), any length.
        key: Teacher's embeddings (batch, dim) of the same images, any length.
        queue: Teacher's embeddings (size, dim) of other images, unit length.
        temperatures: Of the student and of the teacher. As the second goes to 0 this becomes
            InfoNCE with `key` as the right answer.

    Returns:
        A scalar, see `similarity_loss`.
    """
    with torch.autocast(z.device.type, enabled=False):
        z, key = F.normalize(z.float(), dim=1), F.normalize(key.detach().float(), dim=1)
        student, teacher = (
            torch.cat([(x * key).sum(dim=1, keepdim=True), x @ queue.T], dim=1) for x in (z, key)
        )
    return similarity_loss(student, teacher, *temperatures)


class OneQueue(nn.Module):
    """`seed_loss` with its queue: student's and teacher's embeddings are equally long."""

    def __init__(self, size: int, dim: int, temperatures: tuple[float, float]) -> None:
        super().__init__()
        self.temperatures = temperatures
        self.queue = Queue(size, dim)

    def forward(self, z: Tensor, key: Tensor) -> Tensor:
        """The loss of a batch, which is in the queue only afterwards."""
        # A copy: the rows that the gradient needs must outlive the push.
        loss = seed_loss(z, key, self.queue.rows.clone(), self.temperatures)
        self.queue.push(key)
        return loss


class TwoQueues(nn.Module):
    """Similarities of each network in its own space, to the same images at the same places.

    There is no column for the image itself: its cosine with itself is 1 in any space, so it would
    carry no gradient, and at a teacher temperature of 0.01 take nearly all of the teacher's
    softmax. Ours; CompRess (arXiv 2010.14713) compares two queues in the same way.
    """

    def __init__(self, size: int, dims: tuple[int, int], temperatures: tuple[float, float]) -> None:
        super().__init__()
        self.temperatures = temperatures
        self.student, self.teacher = (Queue(size, dim) for dim in dims)

    def forward(self, z: Tensor, key: Tensor) -> Tensor:
        """The loss of a batch, which is in the queues only afterwards."""
        with torch.autocast(z.device.type, enabled=False):
            student = F.normalize(z.float(), dim=1) @ self.student.rows.clone().T
            teacher = F.normalize(key.float(), dim=1) @ self.teacher.rows.T
        loss = similarity_loss(student, teacher, *self.temperatures)
        self.student.push(z)
        self.teacher.push(key)
        return loss


class Seed(Method):
    """Student and teacher see the same view; the student copies the teacher's similarities."""

    Config = SeedConfig
    needs_teacher = True

    def __init__(self, backbone: Backbone, config: SeedConfig, context: MethodContext) -> None:
        super().__init__(backbone, config, context)
        temperatures = config.student_temperature, config.teacher_temperature
        teacher_dim = context.summary_dim
        outputs = config.outputs if config.space == "own" else teacher_dim
        self.head = plain_head(backbone.feature_dim, config.hidden, outputs)
        self.centre = RunningCentre(teacher_dim, CENTRE_MOMENTUM) if config.centre else None
        self.relations: nn.Module = (
            TwoQueues(config.queue, (outputs, teacher_dim), temperatures)
            if config.space == "own"
            else OneQueue(config.queue, teacher_dim, temperatures)
        )

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, ViewSpec.of(1, self.config)),)

    def loss(self, batch: Batch) -> Losses:
        assert batch.targets is not None
        key = batch.targets.summary
        if self.centre is not None:
            key = self.centre(key)
        z = self.head(self.backbone(batch.views[0]))
        return Losses(self.relations(z, key), {"spread": embedding_std(z)})


METHODS = {"seed": Seed}
