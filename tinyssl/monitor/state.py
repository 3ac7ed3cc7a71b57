"""What is known of a pretrain run that is watched, and what there is to say about it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinyssl.core.fields import Fields, number
from tinyssl.core.records import RunRecord
from tinyssl.monitor.plots import Point

COLLAPSED, CROWDED = 0.01, 0.1
"""Spread below which all embeddings are alike (SimSiam, arXiv 2011.10566); ours, for a warning"""
RATE_ROWS = 10
"""Rows whose mean is the shown rate"""
JUDGED_FROM = 0.25
"""Share of the training after which a kNN that only guesses is worth a word"""
STEEP = 10.0
"""Gradient norm, in medians of the run, that is worth a word"""
CLOCKS = ("step", "epoch", "event", "seconds", "images_per_second", "stage")
LED = ("loss", "knn", "lr", "spread", "gradient_norm")


@dataclass(frozen=True)
class Facts:
    """What does not change while the run goes on."""

    name: str
    method: str
    backbone: str
    data: str
    images: int
    """In the training split"""
    classes: int
    epochs: int
    teacher: str
    """One line; empty where there is none"""
    stages: tuple[str, ...]
    """Of the curriculum, described"""

    @classmethod
    def of(cls, record: RunRecord) -> Facts:
        """From the record of a run, as far as it is written."""
        config, data = Fields(record.config), Fields(record.data)
        images, size = data.integer("train") or 0, data.integer("image_size") or 0
        return cls(
            name=record.folder.name,
            method=config.text("method"),
            backbone=config.text("backbone"),
            data=f"{data.text('name')}, {images:,} images of {size} px",
            images=images,
            classes=data.integer("classes") or 0,
            epochs=config.integer("epochs") or 0,
            teacher=teacher_line(record.config),
            stages=tuple(stage.text("views") for stage in config.rows("stages")),
        )


def teacher_line(config: Mapping[str, Any]) -> str:
    """`efficientnet_lite2 at 160 px, trained with labels, cached`."""
    teacher = config.get("teacher")
    if not teacher:
        return ""
    mode = config.get("teacher_mode", "")
    if not isinstance(teacher, Mapping):
        return f"{teacher}, {mode}"
    how = "trained with labels" if teacher.get("supervised") else "trained without labels"
    return f"{teacher.get('name')} at {teacher.get('image_size')} px, {how}, {mode}"


@dataclass
class RunState:
    """The run so far."""

    facts: Facts
    status: str = "running"
    steps: list[dict[str, Any]] = field(default_factory=list)
    """Rows of metrics.jsonl with event step"""
    epochs: list[dict[str, Any]] = field(default_factory=list)
    """Rows with event epoch"""
    notes: list[str] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one more row of metrics.jsonl in; what is no finite number is left out."""
        known = {"step": self.steps, "epoch": self.epochs}
        figures = {name: value for name, value in row.items() if number(value) is not None}
        event = row.get("event")
        if isinstance(event, str) and event in known and "epoch" in figures:
            known[event].append({"event": event} | figures)

    @property
    def epoch(self) -> float:
        """Epochs done, with a fraction."""
        last = [rows[-1]["epoch"] for rows in (self.steps, self.epochs) if rows]
        return float(max(last, default=0))

    @property
    def progress(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        return min(self.epoch / self.facts.epochs, 1.0) if self.facts.epochs else 0.0

    @property
    def rate(self) -> float | None:
        """Images per second of the last rows: the harmonic mean, for rows are equally long."""
        rates = [row.get("images_per_second") for row in self.steps[-RATE_ROWS:]]
        known = [rate for rate in rates if rate and rate > 0]
        return statistics.harmonic_mean(known) if known else None

    @property
    def seconds_left(self) -> float | None:
        """By the rate; looks and checkpoints are not counted."""
        left = (self.facts.epochs - self.epoch) * self.facts.images
        return max(left, 0.0) / self.rate if self.rate else None

    @property
    def stage(self) -> int | None:
        """Of the curriculum, from 1."""
        found = [row["stage"] for row in self.steps[-1:] if "stage" in row]
        return int(found[0]) if found else None

    def series(self, name: str) -> list[Point]:
        """(epoch, value) of a figure; of epochs where steps do not have it."""
        rows = self.steps if any(name in row for row in self.steps[-1:]) else self.epochs
        return [(row["epoch"], row[name]) for row in rows if name in row]

    def own_figures(self) -> list[str]:
        """Names of the method's own figures: all that is not common to every method."""
        names = [name for row in self.steps[-1:] for name in row]
        return [name for name in names if name not in (*CLOCKS, *LED)]


def complaints(state: RunState) -> list[str]:
    """What looks bad, in plain words."""
    return [*_spread(state), *_loss(state), *_gradient(state), *_knn(state)]


def _spread(state: RunState) -> Iterator[str]:
    values = [value for _, value in state.series("spread")]
    if values and values[-1] < COLLAPSED:
        yield (
            f"spread {values[-1]:.2g}: all embeddings are alike (collapse). "
            "A lower --lr, a larger --batch-size or a method with a teacher may help"
        )
    elif values and values[-1] < CROWDED:
        falling = len(values) > 1 and values[-1] < values[0]
        yield (
            f"spread {values[-1]:.2g}: embeddings crowd together (healthy is near 1)"
            f"{', and it is falling' if falling else ''}"
        )


def _loss(state: RunState) -> Iterator[str]:
    losses = [row["loss"] for row in state.epochs if "loss" in row]
    if len(losses) < 4:
        return
    recent = min(losses[-3:])
    if recent >= losses[0]:
        yield f"the loss is no lower than in the first epoch ({recent:.4g}, was {losses[0]:.4g})"


def _gradient(state: RunState) -> Iterator[str]:
    norms = [row["gradient_norm"] for row in state.steps if row.get("gradient_norm")]
    if len(norms) < 10:
        return
    usual = statistics.median(norms)
    if norms[-1] > STEEP * usual:
        yield (
            f"gradient norm {norms[-1]:.3g} is {norms[-1] / usual:.0f} times the usual one: "
            "a lower --lr or longer --warmup-epochs may help"
        )


def _knn(state: RunState) -> Iterator[str]:
    values = state.series("knn")
    if not values or not state.facts.classes:
        return
    chance, (_, last) = 1 / state.facts.classes, values[-1]
    best_epoch, best = max(values, key=lambda point: point[1])
    if state.progress >= JUDGED_FROM and last < 1.5 * chance:
        yield f"kNN {100 * last:.1f} %: hardly better than guessing ({100 * chance:.1f} %)"
    elif last < 0.8 * best:
        yield f"kNN {100 * last:.1f} % has fallen from {100 * best:.1f} % at epoch {best_epoch:g}"


def plain_line(state: RunState, names: Sequence[str] = LED) -> str:
    """One line for logs: epoch, figures, rate, time left."""
    figures = {name: points[-1][1] for name in names if (points := state.series(name))}
    parts = [f"epoch {state.epoch:.2f}/{state.facts.epochs}"]
    parts += [f"{name} {figure_text(name, value)}" for name, value in figures.items()]
    if state.stage:
        parts.append(f"stage {state.stage}/{len(state.facts.stages)}")
    if state.rate:
        parts.append(f"{state.rate:.0f} images/s")
    if state.seconds_left is not None:
        parts.append(f"{clock(state.seconds_left)} left")
    return "  ".join(parts)


def figure_text(name: str, value: float) -> str:
    """A figure as people read it: accuracies in percent."""
    return f"{100 * value:.1f} %" if name == "knn" else f"{value:.4g}"


def clock(seconds: float) -> str:
    """`1:02:03`, `2:03`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
