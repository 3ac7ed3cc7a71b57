"""What a device tells while it learns, for who watches it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyssl.device import GuardEvent, LearningStep
from tinyssl.learn.tasks import TASKS
from tinyssl.stages.lesson import Lesson

RECENT = 100
"""Samples whose means are shown while a device learns"""


def _recent() -> deque[float]:
    return deque(maxlen=RECENT)


@dataclass
class Online:
    """Means over its last samples, judged before they teach, and what the last one took."""

    job: Lesson
    losses: deque[float] = field(default_factory=_recent)
    right: deque[float] = field(default_factory=_recent)
    right_old: deque[float] = field(default_factory=_recent)
    """Of the classes that it knew before"""
    returns: int = 0
    """To its best parameters"""

    def __post_init__(self) -> None:
        self._old = frozenset(map(int, self.job.lessons.old))

    def add(self, position: int, answer: Any, loss: float, step: LearningStep) -> None:
        """One sample, its answer before the step, its loss, and what the device said."""
        self.losses.append(loss)
        self.returns += step.guard is GuardEvent.BACK
        split = self.job.lessons.split
        if split is not None and split.task is TASKS["classification"]:
            right = float(answer == split.labels[position])
            self.right.append(right)
            if position in self._old:
                self.right_old.append(right)

    def figures(self) -> dict[str, float]:
        """Means by name."""
        found = {"loss": self.losses, "right": self.right, "right_old": self.right_old}
        return {name: float(np.mean(values)) for name, values in found.items() if values}

    def row(self, number: int, step: LearningStep) -> dict[str, Any]:
        """A step for who watches; `number` from 1."""
        found: dict[str, Any] = {"event": "step", "step": number, **self.figures()}
        if self.returns:
            found["returns"] = self.returns
        return found | {
            "sent": self.job.sent,
            "inference": self.job.unit.of(step.inference_ticks),
            "training": self.job.unit.of(step.training_ticks),
            "unit": self.job.unit.name,
            **told(step),
        }

    def shown(self, step: LearningStep) -> dict[str, Any]:
        """For the progress bar."""
        names = {"right": "right", "right_old": "old"}
        means = self.figures()
        found: dict[str, Any] = {"loss": means["loss"]}
        found |= {name: f"{100 * means[key]:.0f}%" for key, name in names.items() if key in means}
        took = self.job.unit.of(step.inference_ticks + step.training_ticks) / 1000
        return found | {
            "sample": f"{took:,.0f}k {self.job.unit.name}",
            "sent": f"{self.job.sent / 1000:,.0f}kB",
            **told(step),
        }


def told(step: LearningStep) -> dict[str, Any]:
    """What is worth a word, beside its figures."""
    found: dict[str, Any] = {}
    if step.guard is not GuardEvent.NONE:
        found["guard"] = step.guard.value
    if step.drift:
        found["drift"] = 1
    return found
