"""Numbers that depend only on the step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

IMAGES_SEEN = 130_000
"""Images that a training sees at least by default, each as often as there are epochs: below that
features of small data sets still improve quickly (docs/evaluation.md)"""
LEAST_EPOCHS, MOST_EPOCHS = 20, 400
"""Limits of the default number of epochs"""


def default_epochs(images: int) -> int:
    """Epochs where none are asked for: the fewer the training images, the more."""
    return min(max(math.ceil(IMAGES_SEEN / images), LEAST_EPOCHS), MOST_EPOCHS)


@dataclass(frozen=True)
class LearningRate:
    """A linear rise, then half a cosine."""

    peak: float
    end: float
    """Of the last step"""
    start: float | None = None
    """Of the first step; None: the rise has equal steps from 0, which is no step itself"""

    def rising(self, step: int, steps: int) -> float:
        """Of a step of the rise, which has `steps`: the last one is at the peak."""
        if self.start is None:
            return self.peak * (step + 1) / steps
        return self.start + (self.peak - self.start) * step / max(steps - 1, 1)

    def falling(self, done: float) -> float:
        """After a share of the cosine, in [0, 1]."""
        return self.end + (self.peak - self.end) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Schedule:
    """Lengths of a run, in steps. A last batch that is not full is left out."""

    images: int
    batch_size: int
    """Images a step, over all processes and accumulated parts"""
    epochs: int
    warmup_epochs: float
    rate: LearningRate

    @property
    def images_seen(self) -> int:
        """Over the whole run."""
        return self.steps * self.batch_size

    @property
    def epoch_steps(self) -> int:
        return self.images // self.batch_size

    @property
    def steps(self) -> int:
        return self.epoch_steps * self.epochs

    @property
    def warmup_steps(self) -> int:
        return min(round(self.warmup_epochs * self.epoch_steps), self.steps - 1)

    def epoch(self, step: int) -> int:
        """Epoch of a step, from 0."""
        return step // self.epoch_steps

    def learning_rate(self, step: int) -> float:
        """Of a step: at the peak where the warm-up ends, at its end in the last step."""
        if step < self.warmup_steps:
            return self.rate.rising(step, self.warmup_steps)
        return self.rate.falling(
            (step - self.warmup_steps) / max(self.steps - 1 - self.warmup_steps, 1)
        )

    def batch(self, step: int, seed: int) -> NDArray[np.int64]:
        """Positions in [0, images) of the batch of a step, shuffled anew every epoch."""
        order = epoch_order(self.images, seed, self.epoch(step))
        start = step % self.epoch_steps * self.batch_size
        return order[start : start + self.batch_size].copy()


@lru_cache(maxsize=2)
def epoch_order(images: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Permutation of [0, images): the order of the images in one epoch. Read only."""
    order = np.random.default_rng([seed, epoch]).permutation(images)
    order.setflags(write=False)
    return order


def step_seed(seed: int, step: int) -> int:
    """Seed of torch's generator for one step: independent of all others, in [0, 2**63)."""
    state = np.random.SeedSequence([seed, step]).generate_state(2, np.uint32)
    return int(state[0]) << 31 | int(state[1]) >> 1
