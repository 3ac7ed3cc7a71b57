"""Linear probes on few labels."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import torch

from tinyssl.core.config import EvaluateConfig, ProbeConfig
from tinyssl.core.progress import Progress, Silent
from tinyssl.data import Dataset
from tinyssl.data.subsets import label_subset
from tinyssl.learn.probes.features import Features, Labelled
from tinyssl.learn.probes.linear import Head, accuracy, fit_linear

BATCH = 256


def few_labels(
    features: Features,
    dataset: Dataset,
    config: EvaluateConfig,
    lrs: list[float],
    progress: Progress,
) -> dict[str, Any]:
    """Accuracy of linear probes on each share of the labels, by `summary`.

    Frozen features, so all that changes is how many of them have a label. The learning rate is
    chosen on the whole validation split, as for all labels.
    """
    found: dict[str, Any] = {}
    total = len(config.few_labels) * config.subsets
    with progress.track("few labels", total, "probe") as tracker:
        for share in config.few_labels:
            scores, images = [], 0
            for number in range(config.subsets):
                positions = torch.from_numpy(label_subset(dataset, share, number, config.seed))
                subset, images = features.train.take(positions), len(positions)
                head = fit_few(subset, features.val, len(dataset.class_names), lrs)
                scores.append(accuracy(head.predict(features.test.features), features.test.labels))
                tracker.advance()
            found[f"{share:g}"] = summary(scores) | {"images": images}
    return found


def fit_few(subset: Labelled, val: Labelled, classes: int, lrs: list[float]) -> Head:
    """A linear probe on few features."""
    config = ProbeConfig(batch_size=BATCH, lrs=lrs, seeds=1)
    with Silent().track("", 0) as tracker:  # many short probes share one bar
        return fit_linear(subset, val, classes, config, tracker).heads[0]


def summary(scores: Sequence[float]) -> dict[str, Any]:
    """`accuracy` (mean), `std` (n - 1; none where there is one score) and the `scores`."""
    std = statistics.stdev(scores) if len(scores) > 1 else None
    return {"accuracy": statistics.fmean(scores), "std": std, "scores": list(scores)}
