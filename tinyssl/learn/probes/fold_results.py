"""Cross-validation of a backbone on a data set, for the probe's record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tinyssl.core.config import ProbeConfig
from tinyssl.core.intervals import wilson
from tinyssl.core.progress import Progress
from tinyssl.data import Dataset
from tinyssl.learn.probes.baselines import BaselineJob
from tinyssl.learn.probes.features import Features, all_features
from tinyssl.learn.probes.folds import (
    FOLDS,
    MOST_SAMPLES,
    REPEATS,
    Folded,
    Labels,
    Matrix,
    cross_validate,
    most_folds,
)
from tinyssl.learn.probes.raw import PixelPlan

TRAINED = "trained"


def folds_asked(config: ProbeConfig, dataset: Dataset) -> int:
    """How many folds to make; 0: none.

    Without `config.folds` there are some where at most `MOST_SAMPLES` samples have labels, and
    the rarest class has two.
    """
    if config.folds is not None:
        return config.folds
    labels = dataset.labels
    if len(labels) > MOST_SAMPLES or np.unique(labels, return_counts=True)[1].min() < 2:
        return 0
    return FOLDS


def fold_results(found: Features, job: BaselineJob, progress: Progress) -> dict[str, Any]:
    """Accuracies of all labelled samples, each judged by a classifier that has not seen it.

    Args:
        found: Features of the trained backbone.
        job: The same backbone with random weights, samples that are labelled for classification,
            folds and seed.
        progress: Told what happens.

    Returns:
        Nothing where no folds are asked for, else `folds`: `folds`, `repeats`, `samples`,
        `accuracy`, `accuracy_random`, `accuracy_raw` and `majority` as fractions, `interval` (of
        `accuracy`), and `majority_class`.

    Raises:
        DataError: A class has too few samples for any folds.
    """
    dataset = job.dataset
    asked = folds_asked(job.config, dataset)
    if not asked:
        return {}
    everything = np.arange(len(dataset.labels))
    folds = min(asked, most_folds(dataset.labels))
    random = all_features(job.backbone, dataset, progress, "random, for the folds")
    kinds = {
        TRAINED: in_order(found, dataset),
        "random": in_order(random, dataset),
        "raw": PixelPlan.of(dataset).split(dataset, everything).pixels,
    }
    progress.note(f"{REPEATS} x {folds} stratified folds of {len(everything)} samples")
    each = cross_validate(kinds, dataset.labels, folds, REPEATS, job.config.seed).each
    accuracies = {f"accuracy_{kind}": each[kind].accuracy for kind in ("random", "raw")}
    return {
        "folds": _summary(each[TRAINED])
        | accuracies
        | majority(dataset.labels, dataset.class_names)
    }


def _summary(folded: Folded) -> dict[str, Any]:
    samples = len(folded.labels)
    return {
        "folds": folded.folds,
        "repeats": folded.repeats,
        "samples": samples,
        "accuracy": folded.accuracy,
        "interval": list(wilson(folded.accuracy, samples)),
    }


def in_order(found: Features, dataset: Dataset) -> Matrix:
    """Features of all samples in the order of the data set, (n, dim)."""
    parts = (found.train, found.val, found.test)
    features = torch.cat([part.features for part in parts]).cpu().numpy()
    positions = np.concatenate((dataset.train, dataset.val, dataset.test))
    ordered = np.empty_like(features)
    ordered[positions] = features
    return ordered


def majority(labels: Labels, class_names: Sequence[str]) -> dict[str, Any]:
    """The share that always answering the most frequent class gets right, and its name."""
    counts = np.bincount(labels)
    return {
        "majority": float(counts.max() / len(labels)),
        "majority_class": class_names[int(counts.argmax())],
    }
