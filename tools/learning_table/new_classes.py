"""New classes beside those of a trained head: what the tasks keywords and photographs share.

Float, host and device take the same steps in the same order. Float is NumPy in float64: the rows of
the new classes, behind a float backbone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import UNIT, measure_ranges
from tinyssl.convert.trace import Classifier, trace
from tinyssl.core.progress import Silent
from tinyssl.frontends.tflite import read_skeleton
from tinyssl.graph.interface import Feeds
from tinyssl.graph.training import TARGET
from tinyssl.runtimes.base import Runtime

Positions = NDArray[np.int64]
Array = NDArray[Any]


@dataclass(frozen=True)
class Lesson:
    """Positions of samples, and their labels: known classes come first, then the new ones."""

    labels: Positions
    """(n,) of all samples"""
    known: int
    """Classes of the trained head"""
    new: Positions
    """Samples that teach new classes"""
    old: Positions
    """Samples of known classes, of which some are repeated"""
    test: Positions
    """Samples that judge"""

    def order(self, passes: int, replay: int, seed: int) -> Positions:
        """In which samples teach: in each pass all new ones, and `replay` old ones for each."""
        random, found = np.random.default_rng(seed), []
        for _ in range(passes):
            old = random.choice(self.old, replay * len(self.new), replace=False)
            found.append(random.permutation(np.concatenate([self.new, old])))
        return np.concatenate(found)

    def accuracy(self, answers: Array) -> tuple[float, float]:
        """Share of right answers to the samples that judge: of new classes, of known ones."""
        labels = self.labels[self.test]
        right, fresh = answers == labels, labels >= self.known
        return float(right[fresh].mean()), float(right[~fresh].mean())


@dataclass
class FloatHead:
    """The trained head, which stays, and rows for new classes."""

    features: Array
    """(n, width) float64 of all samples"""
    weight: Array
    """(known, width)"""
    bias: Array
    rate: float
    new: int
    _rows: Array = field(init=False)

    def __post_init__(self) -> None:
        self._rows = np.zeros((self.new, self.features.shape[1] + 1))
        self._open = np.zeros(self.new, bool)

    def step(self, position: int, label: int) -> None:
        """One step of the new rows down the cross-entropy of softmax."""
        known = len(self.weight)
        if label >= known:
            self._open[label - known] = True
        scores = self._scores(position)
        error = np.exp(scores - scores.max())
        error /= error.sum()
        error[label] -= 1
        x = np.append(self.features[position], 1.0)
        self._rows -= self.rate * np.outer(error[known:], x) * self._open[:, None]

    def answers(self, positions: Positions) -> Array:
        """Classes."""
        return np.array([self._scores(position).argmax() for position in positions])

    def _scores(self, position: int) -> Array:
        x = self.features[position]
        new = self._rows @ np.append(x, 1.0)
        return np.concatenate([self.weight @ x + self.bias, np.where(self._open, new, -np.inf)])


def suited_rate(features: Array) -> float:
    """What `build` takes where it knows samples of the model: 1 / (1 + |x|^2), two digits.

    Args:
        features: (n, width), what the head reads of known classes.
    """
    return float(f"{1 / (1 + np.square(features).sum(axis=1).mean()):.1e}")


def feeds_of(runtime: Runtime, samples: Array) -> list[Feeds]:
    """Samples as the only input of a model takes them."""
    (value,) = runtime.inputs
    return [{value.name: each.reshape(value.shape)} for each in samples]


def answers_of(run: Callable[[Feeds], Feeds], feeds: Sequence[Feeds], at: Positions) -> Array:
    """Classes that a model answers."""
    return np.array([int(next(iter(run(feeds[n]).values())).argmax()) for n in at])


def label(lesson: Lesson, position: int) -> Feeds:
    """The target of a step."""
    return {TARGET: np.array([lesson.labels[position]], np.int32)}


def write_int8(
    path: Path,
    backbone: torch.nn.Module,
    head: tuple[Array, Array],
    units: Array,
    method: str = "minmax",
) -> None:
    """A backbone and its head as canonical INT8 .tflite.

    Args:
        path: Where to write.
        backbone: Takes (n, channels, height, width) in [0, 1].
        head: Weight (classes, width) and bias.
        units: (n, height, width, channels) float32 in [0, 1]: they calibrate.
        method: How ranges are chosen; see `measure_ranges`.
    """
    weight, bias = (torch.tensor(np.asarray(each), dtype=torch.float32) for each in head)
    float32 = trace(Classifier(backbone.eval(), weight, bias, softmax=True), units.shape[1:])
    (start,) = read_skeleton(float32).inputs
    feeds = [{start.name: each[None]} for each in units]
    ranges = measure_ranges(float32, feeds, Silent(), method)
    path.write_bytes(canonicalise(quantise(float32, ranges | {start.name: UNIT})))


def half_width(values: Array) -> float:
    """Of the 95 % interval of a mean, by its standard error."""
    return float(1.96 * np.std(values, ddof=1) / np.sqrt(len(values)))
