"""Who watches a training run: metrics.jsonl, and whatever else wants to know how it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tinyssl.core.config import PretrainConfig
from tinyssl.core.records import RunWriter
from tinyssl.data import Dataset
from tinyssl.learn.methods import Method

Metrics = dict[str, float]
"""Name -> value; `step` (steps done) and `epoch` (a fraction between epochs) are always there"""


@dataclass(frozen=True)
class TrainingRun:
    """The run that is watched."""

    run: RunWriter
    dataset: Dataset
    config: PretrainConfig
    method: Method
    """In training: an observer that calls it does so without gradients; the loop puts it back into
    train mode afterwards. Its weights and buffers must stay as they are, or a resumed run differs
    """
    steps: int
    """Of the whole run"""


class Observer(Protocol):
    """Told on rank 0 only, in the order in which observers were given; metrics.jsonl comes last.

    An observer may add metrics to the dict that it gets: those after it, and so the file, see them.
    It may draw random numbers (the loop seeds torch before every step).
    """

    def on_step(self, metrics: Metrics) -> None:
        """After a logged step (some 20 an epoch): loss, lr, gradient_norm, images_per_second, …"""

    def on_epoch(self, metrics: Metrics) -> None:
        """After an epoch: its mean loss, and the seconds spent in steps until now."""

    def close(self) -> None:
        """At the end of the training, also of one that failed."""


ObserverFactory = Callable[[TrainingRun], Observer]
"""Makes an observer when the run starts or goes on; metrics of steps before that do not come
again, they are in `TrainingRun.run`'s metrics.jsonl"""


class MetricsFile:
    """Every figure as a line of metrics.jsonl, with `event` step or epoch."""

    def __init__(self, subject: TrainingRun) -> None:
        self._run = subject.run

    def on_step(self, metrics: Metrics) -> None:
        self._run.log(event="step", **metrics)

    def on_epoch(self, metrics: Metrics) -> None:
        self._run.log(event="epoch", **metrics)

    def close(self) -> None:
        """The run's writer closes the file."""
