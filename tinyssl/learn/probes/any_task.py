"""The probe of a task that is a plug-in: a linear layer on frozen features, fitted by its loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tinyssl.learn.probes.features import Labelled
from tinyssl.learn.probes.linear import Head, Scaling
from tinyssl.learn.probes.regression import STRENGTHS
from tinyssl.learn.tasks import Answers, Scores, Task

ITERATIONS = 200
"""Of L-BFGS, at most"""


@dataclass(frozen=True)
class TaskHead:
    """A head, and the penalty that was best on the validation split."""

    head: Head
    strength: float
    val: float
    """Main metric on the validation split"""


def fit_task(task: Task, train: Labelled, val: Labelled, size: int) -> TaskHead:
    """Minimises the task's loss plus an L2 penalty on the weights.

    Args:
        task: Says the loss, and chooses the penalty by its main metric.
        train: Features with answers as `Task.loss` takes them.
        val: Features with answers.
        size: Outputs of the head.
    """
    scaling = Scaling.of(train.features)
    scaled = Labelled(scaling.apply(train.features), train.labels)
    found = []
    for strength in STRENGTHS:
        head = scaling.fold(_fit(task, scaled, size, strength))
        _, scores = judge(task, head, val)
        found.append(TaskHead(head, strength, scores[task.metric.name]))
    return max(found, key=lambda one: _goodness(task, one.val))


def judge(task: Task, head: Head, data: Labelled) -> tuple[Answers, Scores]:
    """What the head answers, and the task's metrics of it."""
    predicted = task.decode((head.outputs(data.features).cpu().numpy(),))
    return predicted, task.score(predicted, data.labels.cpu().numpy())


def _goodness(task: Task, value: float) -> float:
    if math.isnan(value):
        return float("-inf")
    return value if task.metric.higher_is_better else -value


def _fit(task: Task, train: Labelled, size: int, strength: float) -> Head:
    weight = train.features.new_zeros(size, train.features.shape[1]).requires_grad_()
    bias = train.features.new_zeros(size).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = task.loss(F.linear(train.features, weight, bias), train.labels)
        loss = loss + strength * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return Head(weight.detach(), bias.detach())
