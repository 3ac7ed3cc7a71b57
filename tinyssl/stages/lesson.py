"""One device that learns: its samples, who judges it, and the learning rate of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tinyssl.bench.judge import Judge
from tinyssl.bench.latency import Unit
from tinyssl.bench.reconstruction import Reconstruction
from tinyssl.core.config import LearnConfig
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunWriter
from tinyssl.federated.schedules import cosine, linear, step_down
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.graph.model import DType
from tinyssl.graph.training import RATE, TARGET, takes_normalised
from tinyssl.ops.common.welford import normalised
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.learn_resume import LessonMark
from tinyssl.stages.learn_samples import Lessons, is_anomaly
from tinyssl.verify.sqnr import dequantised

METRICS = ("accuracy", "mae", "rmse", "r2", "mse", "auc")
"""Of the tasks and of autoencoders, that are told"""


SCHEDULES = {"linear": linear, "cosine": cosine, "step": step_down}


Watch = Callable[[dict[str, Any]], None]
"""Told what happens, as it happens"""


def unwatched(_row: dict[str, Any]) -> None:
    """Nobody watches."""


class LessonJudge(Protocol):
    """Measures answers by what the model is to do."""

    def add(self, position: int, outputs: Outputs) -> Any:
        """One sample's outputs by name; returns the answer, as JSON."""

    def results(self) -> dict[str, float]:
        """Metric -> value over all that was added; none where nothing was."""


@dataclass(frozen=True)
class Lesson:
    """One device that learns."""

    config: LearnConfig
    device: DeviceModel
    host: HostModel
    lessons: Lessons
    unit: Unit
    run: RunWriter
    progress: Progress
    mark: LessonMark
    watch: Watch = unwatched

    @property
    def sent(self) -> int:
        """Bytes to the device, in all parts of the run."""
        return self.mark.sent + self.device.session.sent

    def target(self, position: int) -> Feeds:
        """The right answer of a sample, as a training step takes it; none of an autoencoder's."""
        if not self.device.targets:
            return {}
        (value,), split = self.device.targets, self.lessons.split
        assert split is not None  # read_lessons refuses samples without answers
        answer = np.asarray(split.answers[position])
        dtype = np.int32 if value.dtype is DType.INT32 else np.float32
        return {TARGET: answer.astype(dtype).reshape(value.shape)}

    def judge(self) -> LessonJudge:
        """An empty judge of the model's answers."""
        return TaskJudge(self) if self.device.targets else InputJudge(self)


class Rates:
    """The learning rate of each step, as a float32 that device and computer both get.

    Args:
        job: Its schedule; the device's rate is that of the first step.
        steps: In all.
    """

    def __init__(self, job: Lesson, steps: int) -> None:
        self._job, self._number = job, job.mark.steps
        self._first, self._now = np.float32(job.mark.rate), job.host.snapshot()[RATE][0]
        make = SCHEDULES.get(job.config.schedule)
        self._schedule = make(float(self._first), steps) if make else None

    def next(self) -> None:
        """Before a step: sends its rate where it is another than the last."""
        self._number += 1
        if self._schedule is not None:
            self._set(np.float32(self._schedule(self._number)))

    def restore(self) -> None:
        """The rate of the first step is the device's again."""
        self._set(self._first)

    def _set(self, rate: np.float32) -> None:
        if rate != self._now:
            self._now = rate
            for model in (self._job.device, self._job.host):
                model.assign({RATE: np.array([rate], np.float32)})


class TaskJudge:
    """By the metrics of the task."""

    def __init__(self, job: Lesson) -> None:
        split = job.lessons.split
        assert split is not None  # read_lessons refuses samples without answers
        self._split = split
        self._judge = Judge(split.task, job.device.outputs, split.class_names)

    def add(self, position: int, outputs: Outputs) -> Any:
        return self._judge.add(outputs, outputs, self._split.answers[position])

    def results(self) -> dict[str, float]:
        found = self._judge.results()
        names = {name: name.removesuffix("_device") for name in found if name.endswith("_device")}
        return {name: found[key] for key, name in names.items() if name in METRICS}


class InputJudge:
    """By how well the input comes out again."""

    def __init__(self, job: Lesson) -> None:
        self._job, self._found = job, Reconstruction()

    def add(self, position: int, outputs: Outputs) -> float:
        job, split = self._job, self._job.lessons.split
        (value,), (output,) = job.device.inputs, outputs.values()
        wanted = dequantised(value, job.lessons.inputs[position][value.name])
        if takes_normalised(job.host.model):
            wanted = normalised(wanted, job.host.snapshot())
        odd = split is not None and is_anomaly(split, position)
        return self._found.add(output, wanted, anomaly=odd)

    def results(self) -> dict[str, float]:
        return self._found.results()
