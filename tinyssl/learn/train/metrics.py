"""What is recorded of a run beside metrics.jsonl: its plan, its stage, and TensorBoard's files."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import ToolMissing
from tinyssl.core.records import step_of
from tinyssl.data.augment import ViewOptions, ViewSpec
from tinyssl.learn.train import online_knn
from tinyssl.learn.train.kept import KeptBackbones
from tinyssl.learn.train.observer import Metrics, Observer, TrainingRun

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TENSORBOARD_FOLDER = "tensorboard"
WINDOW_SECONDS = 30.0
"""Age at which steps leave the smoothed rate"""
WINDOW_STEPS = 20
"""Most entries in it"""


def observers_of(subject: TrainingRun) -> list[Observer]:
    """The observers that a run's settings ask for; metrics.jsonl is not among them.

    In the order in which they must be told: those that add metrics first.

    Raises:
        ToolMissing: `tensorboard` is asked for and not installed.
    """
    found: list[Observer] = [RunPlan(subject)]
    if subject.config.knn_every and online_knn.possible(subject):
        found.append(online_knn.OnlineKnn(subject))
    if subject.config.keep_every:
        found.append(KeptBackbones(subject))
    if subject.config.tensorboard:
        found.append(TensorBoard(subject))
    return found


def require_installed(config: PretrainConfig) -> None:
    """Fails before anything was loaded where a package that the settings need is missing.

    Raises:
        ToolMissing: It is not installed; the hint installs it.
    """
    if config.tensorboard:
        _summary_writer()


class RunPlan:
    """Writes what is known beforehand into the record: `config.steps` and `config.stages`.

    Adds `stage`, counted from 1, to the metrics of every step where the method has a curriculum.
    """

    def __init__(self, subject: TrainingRun) -> None:
        stages = subject.method.stages() if subject.method.trains else ()
        self.starts = [stage.start for stage in stages]
        self.steps = subject.steps
        described = [{"start": s.start, "views": describe(s.views)} for s in stages]
        known = {"steps": subject.steps, "stages": described}
        subject.run.update(config=subject.run.record.config | known)

    def on_step(self, metrics: Metrics) -> None:
        """Adds the stage in which the step was taken."""
        if len(self.starts) > 1:
            progress = (metrics["step"] - 1) / self.steps
            metrics["stage"] = sum(start <= progress for start in self.starts)

    def on_epoch(self, metrics: Metrics) -> None:
        """Nothing: an epoch may have parts of two stages."""

    def close(self) -> None:
        """Nothing is open."""


def describe(spec: ViewSpec) -> str:
    """The views of a stage in a few words: `2 views, crops 0.20-1.00, jitter 0.8, grey 0.2`."""
    parts = []
    for group in spec.groups:
        o = group.options
        words = [f"{group.count} view{'s' * (group.count > 1)}"]
        words += [f"{group.size} px"] if group.size else []
        if isinstance(o, ViewOptions):
            words += [f"crops {o.crop_min:.2f}-{o.crop_max:.2f}"]
            chances = {"jitter": o.jitter, "grey": o.grey, "blur": o.blur}
        else:
            chances = {name.replace("_", " "): value for name, value in vars(o).items()}
        words += [f"{name} {chance:g}" for name, chance in chances.items() if chance]
        parts.append(", ".join(words))
    return "; ".join(parts)


class TensorBoard:
    """Every figure as a scalar, in the run's folder `tensorboard/`: `tensorboard --logdir runs`.

    A run that goes on writes another file there, whose first entry tells TensorBoard to forget what
    an earlier file said about the steps that come again (`purge_step`).
    """

    def __init__(self, subject: TrainingRun) -> None:
        done = [step_of(row) for row in subject.run.record.metrics()]
        first = max(done, default=0) + 1
        folder = subject.run.folder / TENSORBOARD_FOLDER
        self.writer = open_writer(folder, first)
        subject.run.file("tensorboard", TENSORBOARD_FOLDER)

    def on_step(self, metrics: Metrics) -> None:
        """Writes the metrics below `step/`."""
        self._write("step", metrics)

    def on_epoch(self, metrics: Metrics) -> None:
        """Writes the metrics below `epoch/`, and flushes."""
        self._write("epoch", metrics)
        self.writer.flush()

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self.writer.close()

    def _write(self, event: str, metrics: Metrics) -> None:
        step = round(metrics["step"])
        for name, value in metrics.items():
            if name != "step":
                self.writer.add_scalar(f"{event}/{name}", value, step)


def open_writer(folder: Path, first: int) -> SummaryWriter:
    """A writer whose metrics replace all that an earlier one wrote from step `first` on.

    Raises:
        ToolMissing: TensorBoard is not installed.
    """
    return _summary_writer()(str(folder), purge_step=first)


def _summary_writer() -> type[SummaryWriter]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise ToolMissing(
            "TensorBoard's files need the Python package tensorboard",
            hint="pip install 'tinyssl[tensorboard]', or leave --tensorboard out",
        ) from error
    return SummaryWriter


class Rate:
    """Images per second over the last `WINDOW_STEPS` entries, none of them `WINDOW_SECONDS` old.

    Of one step alone it jumps by tens of percent; since the start of the run it is blind to what
    the machine does now.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[float, int, float]] = deque(maxlen=WINDOW_STEPS)

    def add(self, images: int, seconds: float) -> None:
        """Takes in that `images` were trained in `seconds` until now."""
        now = time.monotonic()
        self._entries.append((now, images, seconds))
        while now - self._entries[0][0] > WINDOW_SECONDS and len(self._entries) > 1:
            self._entries.popleft()

    @property
    def mean(self) -> float:
        """Images by seconds; 0 before the first entry."""
        seconds = sum(entry[2] for entry in self._entries)
        return sum(entry[1] for entry in self._entries) / seconds if seconds else 0.0
