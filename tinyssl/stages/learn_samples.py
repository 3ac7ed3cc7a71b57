"""What the stage `learn` teaches with, what it judges by, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.bench.own_data import own_data
from tinyssl.bench.reconstruction import NORMAL
from tinyssl.bench.subject import Samples, choose_samples, split_of
from tinyssl.bench.target import BenchTarget
from tinyssl.core.config import BenchConfig, LearnConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace, read_record
from tinyssl.data.base import UNLABELLED
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.training import is_autoencoder
from tinyssl.stages.learn_classes import built_classes, known_classes
from tinyssl.verify.subject import TestSplit, declared_pixels

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Lessons:
    """Samples, and who teaches."""

    inputs: list[Feeds]
    split: TestSplit | None
    """The same samples with their answers; None: an autoencoder's, without classes"""
    taught: Positions
    """Samples that teach, in the order of the first pass"""
    held: Positions
    """Samples that judge before and after, and teach nothing"""
    shuffled: bool
    """Whether every pass has an order of its own"""
    old: Positions = field(default_factory=lambda: np.zeros(0, np.int64))
    """Samples of classes that the device knew: some of them are repeated in each pass"""
    replay: int = 0
    """How many of these for each sample that teaches"""
    names: tuple[str, ...] = ()
    """Of a build with room for new classes: those that it knows in the end"""

    @property
    def steps(self) -> int:
        """In a pass."""
        return len(self.taught) + self._repeated

    @property
    def _repeated(self) -> int:
        return min(self.replay * len(self.taught), len(self.old))

    def order(self, seed: int, number: int) -> Positions:
        """The samples that teach in a pass."""
        random = np.random.default_rng((seed, number))
        repeated = random.choice(self.old, self._repeated, replace=False)
        together = np.concatenate([self.taught, repeated])
        return random.permutation(together) if self.shuffled else together


@dataclass(frozen=True)
class LessonSource:
    """What lessons are read for."""

    config: LearnConfig
    target: BenchTarget
    model: Model
    """With its training step"""
    workspace: Workspace
    """Where earlier runs are"""
    progress: Progress
    recalled: tuple[str, ...] | None = None
    """Classes that the device knew when the run began that goes on"""

    @cached_property
    def before(self) -> TestSplit | None:
        """The model's own test split."""
        return split_of(self.target.info)

    @cached_property
    def afresh(self) -> bool:
        """Whether the device begins with the parameters of the build."""
        given = self.config.reset
        return built_classes(self.model) is None if given is None else given

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Names of the first classes."""
        if self.recalled is not None:
            return self.recalled
        return known_classes(
            self.target, self.model, self.before, self.workspace, afresh=self.afresh
        )


def read_lessons(source: LessonSource) -> tuple[Lessons, dict[str, Any]]:
    """The samples that the config names, and what the record says of them.

    Raises:
        UsageError: They have no answers, and the model needs them; or none of them teaches.
        DataError: A file cannot be read, or does not fit the model.
    """
    config = source.config
    if config.test_data is not None and config.data is None:
        raise UsageError(
            "--test-data judges what --data taught", hint="name the samples that teach with --data"
        )
    samples, told = _read(source, config.data)
    count = len(samples.inputs)
    if config.test_data is None:
        lessons = _lessons(config, source.model, samples, _divided(config, samples))
        return _growing(source, lessons), told
    judging, other = _read(source, config.test_data)
    joined = _side_by_side(samples, judging)
    parts = _teaching(config, samples), np.arange(count, len(joined.inputs))
    lessons = _lessons(config, source.model, joined, parts)
    return _growing(source, lessons), told | {"test_data": other}


def _side_by_side(first: Samples, second: Samples) -> Samples:
    inputs = [*first.inputs, *second.inputs]
    return Samples(inputs, np.arange(len(inputs)), _joined(first, second))


def _growing(source: LessonSource, lessons: Lessons) -> Lessons:
    """Of a build with room for new classes: with what the device will know, and with its own test
    split where all classes of `--data` are new.
    """
    before, split, built = source.before, lessons.split, built_classes(source.model)
    if built is None or split is None:
        return lessons
    most = int(split.labels[lessons.taught].max(initial=0)) + 1
    names = split.class_names[: max(most, len(source.known))]
    named = replace(lessons, names=names)
    if source.config.data is None or source.config.test_data is not None or before is None:
        return named
    mixed = built == 0 or np.any(split.labels < built)
    return (
        named if mixed else _with_old(source, named, replace(before, class_names=split.class_names))
    )


def _with_old(source: LessonSource, lessons: Lessons, before: TestSplit) -> Lessons:
    """A part of the model's own test split judges, the other repeats what the device knew."""
    count, own = len(lessons.inputs), choose_samples(source.model, before, 0)
    joined = _side_by_side(Samples(lessons.inputs, np.arange(count), lessons.split), own)
    old, judging = _divided(replace(source.config, shots=None), own)
    return replace(
        lessons,
        inputs=joined.inputs,
        split=joined.split,
        held=np.concatenate([lessons.held, judging + count]),
        old=old + count,
        replay=source.config.replay,
    )


def _read(source: LessonSource, data: Path | None) -> tuple[Samples, dict[str, Any]]:
    config, model, info = source.config, source.model, source.target.info
    if data is not None:
        plain = _bench_config(config, data)
        pixels = config.pixels or declared_pixels(Path(info.model_path))
        known, before = source.known, source.before
        own = own_data(replace(plain, pixels=pixels), model, source.progress, known, before)
        samples, told = own.samples, own.record
    else:
        samples = choose_samples(model, source.before, config.samples)
        told = read_record(Path(info.data_run)).data if info.data_run else {}
    if samples.split is None and not (data is not None and is_autoencoder(model)):
        raise UsageError(
            "there is nothing to learn from: no sample has an answer",
            hint="name samples with --data: a folder a class, a CSV file with --target COLUMN, or "
            "an .npz with `labels`",
        )
    return samples, told


def _bench_config(config: LearnConfig, data: Path | None) -> BenchConfig:
    return BenchConfig(
        data=data,
        target=config.target,
        pixels=config.pixels,
        labels=config.labels,
        images=config.samples,
    )


def _order(config: LearnConfig, count: int) -> Positions:
    if config.order == "given":
        return np.arange(count)
    return np.random.default_rng(config.seed).permutation(count)


def _divided(config: LearnConfig, samples: Samples) -> tuple[Positions, Positions]:
    """Who teaches and who judges: a share, the last ones where their order counts."""
    count = len(samples.inputs)
    order = _order(config, count)
    if config.shots is not None:
        return _few(config.shots, samples.split, order)
    kept = round(config.holdout * count)
    if config.order == "given":
        return order[: count - kept], order[count - kept :]
    return order[kept:], order[:kept]


def _teaching(config: LearnConfig, samples: Samples) -> Positions:
    """Who teaches where other samples judge."""
    order = _order(config, len(samples.inputs))
    return order if config.shots is None else _few(config.shots, samples.split, order)[0]


def _few(shots: int, split: TestSplit | None, order: Positions) -> tuple[Positions, Positions]:
    """The first samples of each class teach, all others judge.

    Raises:
        UsageError: The samples have no classes.
    """
    if split is None or split.targets is not None:
        raise UsageError(
            "--shots counts samples of a class, and these have none",
            hint="say --holdout, the share that judges",
        )
    labels = split.labels[order]
    teaches = np.zeros(len(order), bool)
    for label in np.unique(labels):
        teaches[np.flatnonzero(labels == label)[:shots]] = True
    return order[teaches], order[~teaches]


def _lessons(
    config: LearnConfig, model: Model, samples: Samples, parts: tuple[Positions, Positions]
) -> Lessons:
    (taught, held), split = parts, samples.split
    if is_autoencoder(model) and split is not None:
        taught = taught[[not is_anomaly(split, position) for position in taught]]
    if not len(taught):
        raise UsageError(
            f"none of {len(samples.inputs)} samples teaches",
            hint="lower --holdout; an autoencoder learns from samples of the class `normal` alone, "
            "if there is one",
        )
    return Lessons(samples.inputs, split, taught, held, config.order == "random")


def _joined(first: Samples, second: Samples) -> TestSplit | None:
    """Both with their answers, as one.

    Raises:
        UsageError: They have answers of different kinds or classes.
    """
    left, right = first.split, second.split
    if left is None and right is None:
        return None
    if left is None or right is None:
        left = left or _unlabelled(first, right)
        right = right or _unlabelled(second, left)
    if (left.class_names, left.task) != (right.class_names, right.task):
        names = [", ".join(each.class_names[:4]) or "numbers" for each in (left, right)]
        raise UsageError(
            f"--data and --test-data have different answers: {names[0]}; {names[1]}",
            hint="name the class of each score for both, a line each, in a text file: --labels",
        )
    labels = np.concatenate([left.labels, right.labels])
    targets = (
        None
        if left.targets is None or right.targets is None
        else np.concatenate([left.targets, right.targets])
    )
    return replace(left, samples=np.arange(len(labels)), labels=labels, targets=targets)


def is_anomaly(split: TestSplit, position: int) -> bool:
    """Whether a sample has a class, and that is not `normal`, though one is."""
    label = int(split.labels[position])
    return (
        label != UNLABELLED and NORMAL in split.class_names and split.class_names[label] != NORMAL
    )


def _unlabelled(samples: Samples, like: TestSplit | None) -> TestSplit:
    assert like is not None  # one of both has answers
    count = len(samples.inputs)
    chosen = np.zeros(count, np.int64)
    return replace(like.take(chosen), labels=np.full(count, UNLABELLED, np.int64))
