"""What the stage `learn` teaches with, what it judges by, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.bench.own_data import own_data
from tinyssl.bench.reconstruction import NORMAL
from tinyssl.bench.subject import Samples, choose_samples, split_of
from tinyssl.core.config import BenchConfig, LearnConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import BuildInfo, read_record
from tinyssl.data.base import UNLABELLED
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.training import is_autoencoder
from tinyssl.project.learner import Learner
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

    def order(self, seed: int, number: int) -> Positions:
        """The samples that teach in a pass."""
        if not self.shuffled:
            return self.taught
        return np.random.default_rng((seed, number)).permutation(self.taught)


def read_lessons(
    config: LearnConfig, info: BuildInfo, model: Model, progress: Progress
) -> tuple[Lessons, dict[str, Any]]:
    """The samples that the config names, and what the record says of them.

    Raises:
        UsageError: They have no answers, and the model needs them; or none of them teaches.
        DataError: A file cannot be read, or does not fit the model.
    """
    if config.test_data is not None and config.data is None:
        raise UsageError(
            "--test-data judges what --data taught", hint="name the samples that teach with --data"
        )
    samples, told = _read(config, config.data, info, model, progress)
    if config.test_data is None:
        return _lessons(config, model, samples, _divided(config, samples)), told
    judging, other = _read(config, config.test_data, info, model, progress)
    inputs = [*samples.inputs, *judging.inputs]
    parts = _teaching(config, samples), np.arange(len(samples.inputs), len(inputs))
    joined = Samples(inputs, np.arange(len(inputs)), _joined(samples, judging))
    return _lessons(config, model, joined, parts), told | {"test_data": other}


def _read(
    config: LearnConfig, data: Path | None, info: BuildInfo, model: Model, progress: Progress
) -> tuple[Samples, dict[str, Any]]:
    before, plain = split_of(info), _bench_config(config, data)
    if data is not None:
        pixels = config.pixels or declared_pixels(Path(info.model_path))
        forgets = Learner.from_record(info.training).learning.own
        known = before.class_names if before and not forgets else ()
        own = own_data(replace(plain, pixels=pixels), model, progress, known, before)
        samples, told = own.samples, own.record
    else:
        samples = choose_samples(model, before, config.samples)
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
