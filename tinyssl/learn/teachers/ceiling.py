"""How far a teacher's own features go: what a student of it can hope for.

A frozen teacher is probed as a backbone is, with labels, on a part of the images. The figures
compare teachers and image sizes before anything is trained; with the few images that keep it short
they lie some points below those of a probe on all of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tinyssl.core.config import ProbeConfig
from tinyssl.core.errors import DataError
from tinyssl.core.progress import Progress, Tracker
from tinyssl.data import Dataset
from tinyssl.data.augment import to_float
from tinyssl.data.base import Indices
from tinyssl.learn.probes.features import Labelled
from tinyssl.learn.probes.knn import knn_predict
from tinyssl.learn.probes.linear import accuracy, fit_linear
from tinyssl.learn.teachers.base import Teacher
from tinyssl.learn.teachers.cache import teacher_targets

BATCH = 64
VAL_SHARE = 0.1


@dataclass(frozen=True)
class Sample:
    """How many images the measurement takes."""

    train: int = 10_000
    test: int = 5_000
    seed: int = 0
    """Of the choice of images"""


@dataclass(frozen=True)
class Ceiling:
    """What was measured; accuracies are fractions of the test images in [0, 1]."""

    linear: float
    """Linear probe on the summary"""
    linear_tokens: float
    """Linear probe on the mean of the tokens"""
    knn: float
    """kNN on the summary"""
    knn_centred: float
    """kNN after the mean summary of the training images was taken off"""
    knn_tokens: float
    """kNN on the mean of the tokens"""
    train: int
    """Images that were used"""
    test: int
    images_per_second: float
    """Through the teacher"""


def ceiling(
    teacher: Teacher,
    dataset: Dataset,
    progress: Progress,
    sample: Sample = Sample(),
    config: ProbeConfig = ProbeConfig(),  # noqa: B008 - frozen
) -> Ceiling:
    """Linear probe and kNN on a teacher's features.

    Args:
        teacher: On the CPU, or where it is to run.
        dataset: Labelled images; the learning rate is chosen on its validation split.
        progress: Shows what runs.
        sample: How many images.
        config: Epochs and learning rates of the linear probe, neighbours of kNN.

    Raises:
        DataError: The images have no labels.
    """
    if not dataset.labelled:
        raise DataError(
            f"{dataset.name} has no labels, and a ceiling is an accuracy",
            hint="name labelled images with --dataset and --data-path",
        )
    counts = (sample.train, max(1, round(sample.train * VAL_SHARE)), sample.test)
    splits = (dataset.train, dataset.val, dataset.test)
    random = np.random.default_rng(sample.seed)
    chosen = [_some(split, count, random) for split, count in zip(splits, counts, strict=True)]
    started = time.perf_counter()
    title = f"{teacher.info.name}, {teacher.info.image_size} px"
    with progress.track(title, sum(map(len, chosen)), "image") as tracker:
        parts = [_features(teacher, dataset, indices, tracker) for indices in chosen]
    rate = sum(map(len, chosen)) / (time.perf_counter() - started)
    classes = len(dataset.class_names)
    scores = [_Judge(tuple(of), classes, config) for of in zip(*parts, strict=True)]
    with progress.track("linear probes", 2 * config.epochs * config.seeds, "epoch") as tracker:
        linear = [score.linear(tracker) for score in scores]
    return Ceiling(
        linear=linear[0],
        linear_tokens=linear[1],
        knn=scores[0].knn(centred=False),
        knn_centred=scores[0].knn(centred=True),
        knn_tokens=scores[1].knn(centred=False),
        train=len(chosen[0]),
        test=len(chosen[2]),
        images_per_second=rate,
    )


def _some(split: Indices, count: int, random: np.random.Generator) -> Indices:
    return np.sort(random.permutation(split)[:count])


def _features(
    teacher: Teacher, dataset: Dataset, indices: Indices, tracker: Tracker
) -> tuple[Labelled, Labelled]:
    """Summaries and mean tokens."""
    summary = torch.empty(len(indices), teacher.info.summary_dim)
    tokens = torch.empty(len(indices), teacher.info.token_dim)
    for start in range(0, len(indices), BATCH):
        part = slice(start, start + BATCH)
        images = to_float(torch.from_numpy(dataset.samples[indices[part]]))
        said = teacher_targets(teacher, images, grid=1)
        summary[part], tokens[part] = said.summary, said.tokens[:, :, 0, 0]
        tracker.advance(len(images))
    labels = torch.from_numpy(dataset.labels[indices])
    return Labelled(summary, labels), Labelled(tokens, labels)


@dataclass(frozen=True)
class _Judge:
    """One kind of features of the training, validation and test images."""

    splits: tuple[Labelled, ...]
    classes: int
    config: ProbeConfig

    def linear(self, tracker: Tracker) -> float:
        train, val, test = self.splits
        probe = fit_linear(train, val, self.classes, self.config, tracker)
        scores = [accuracy(head.predict(test.features), test.labels) for head in probe.heads]
        return sum(scores) / len(scores)

    def knn(self, *, centred: bool) -> float:
        train, _, test = self.splits
        mean: Tensor | float = train.features.mean(dim=0) if centred else 0.0
        bank = Labelled(train.features - mean, train.labels)
        found = knn_predict(bank, test.features - mean, self.config.knn, self.classes)
        return accuracy(found, test.labels)
