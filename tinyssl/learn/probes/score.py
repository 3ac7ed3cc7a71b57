"""Linear probe and kNN of one backbone, for the task of the data."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tinyssl.core.config import ProbeConfig
from tinyssl.core.progress import Progress
from tinyssl.data import Dataset
from tinyssl.data.augment import to_float
from tinyssl.data.spec import Samples
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.probes.any_task import fit_task, judge
from tinyssl.learn.probes.features import BATCH, Features, Labelled, all_features, probe_device
from tinyssl.learn.probes.knn import knn_predict
from tinyssl.learn.probes.linear import Head, accuracy, enough_epochs, fit_linear
from tinyssl.learn.probes.regression import fit_ridge, knn_numbers, mean_error
from tinyssl.learn.tasks import Answers, task_of_dataset


@dataclass(frozen=True)
class Score:
    """What the probes found on the test split."""

    head: Head
    """The one that is kept"""
    results: dict[str, Any]
    """For the record; the task's main metric is among them by its name"""
    predictions: Answers
    """Of the head, of the test samples"""
    compared: tuple[str, ...]
    """Results that are given of random weights too"""
    metadata: dict[str, str]
    """For the head's file: what was chosen"""
    features: Features
    """That they were found on"""


@dataclass(frozen=True)
class _Job:
    """One backbone's features, and how to probe them."""

    features: Features
    dataset: Dataset
    config: ProbeConfig
    progress: Progress
    name: str


def score_backbone(
    backbone: Backbone,
    dataset: Dataset,
    config: ProbeConfig,
    progress: Progress,
    name: str = "trained",
) -> Score:
    """Both probes of one backbone.

    Raises:
        DataError: The data has no answers.
    """
    probe = PROBES.get(task_of_dataset(dataset).name, _by_its_loss)
    features = all_features(backbone, dataset, progress, name)
    return probe(_Job(features, dataset, config, progress, name))


def _classify(job: _Job) -> Score:
    train, val, test = job.features.train, job.features.val, job.features.test
    config, classes = job.config, len(job.dataset.class_names)
    epochs = enough_epochs(config, len(train.labels))
    total = epochs * config.seeds
    with job.progress.track(f"linear probe ({job.name})", total, "epoch") as tracker:
        linear = fit_linear(train, val, classes, config, tracker)
    predictions = [head.predict(test.features) for head in linear.heads]
    neighbours = knn_predict(train, test.features, config.knn, classes)
    found = [accuracy(predicted, test.labels) for predicted in predictions]
    results = {
        "accuracy": statistics.fmean(found),
        "accuracy_std": statistics.stdev(found) if len(found) > 1 else 0.0,
        "accuracies": found,
        "accuracy_head": found[0],
        "accuracy_val": linear.val_accuracy,
        "knn": accuracy(neighbours, test.labels),
        "lr": linear.lr,
    }
    compared = ("accuracy", "accuracy_std", "knn", "lr")
    chosen = {"lr": str(linear.lr)}
    answers = predictions[0].cpu().numpy()
    return Score(linear.heads[0], results, answers, compared, chosen, job.features)


def _regress(job: _Job) -> Score:
    train, val, test = job.features.train, job.features.val, job.features.test
    ridge = fit_ridge(train, val)
    predicted = ridge.head.outputs(test.features).cpu().numpy()
    task, right = task_of_dataset(job.dataset), test.labels.cpu().numpy()
    results: dict[str, Any] = {
        **task.score(predicted, right),
        "mae_val": mean_error(ridge.head.outputs(val.features), val),
        "mae_mean": float(np.abs(right - train.labels.mean(dim=0).cpu().numpy()).mean()),
        "mae_knn": mean_error(knn_numbers(train, test.features, job.config.knn), test),
        "strength": ridge.strength,
    }
    compared = ("mae", "rmse", "r2", "mae_knn")
    chosen = {"strength": str(ridge.strength)}
    return Score(ridge.head, results, predicted, compared, chosen, job.features)


def _by_its_loss(job: _Job) -> Score:
    dataset, found = job.dataset, job.features
    task = task_of_dataset(dataset)
    answers = torch.from_numpy(task.answers(dataset))
    train, val, test = (
        Labelled(part.features, answers[torch.from_numpy(indices)].to(part.features.device))
        for part, indices in (
            (found.train, dataset.train),
            (found.val, dataset.val),
            (found.test, dataset.test),
        )
    )
    fitted = fit_task(task, train, val, task.output_size(dataset))
    predicted, scores = judge(task, fitted.head, test)
    results = {**scores, f"{task.metric.name}_val": fitted.val, "strength": fitted.strength}
    chosen = {"strength": str(fitted.strength)}
    return Score(fitted.head, results, predicted, tuple(scores), chosen, job.features)


PROBES: dict[str, Callable[[_Job], Score]] = {
    "classification": _classify,
    "regression": _regress,
}
"""Task -> its probes; any other is probed by its loss"""


def head_accuracy(
    backbone: Backbone, head: Head, samples: Samples, labels: NDArray[np.int64]
) -> float:
    """Accuracy of backbone and head on `samples` (n, …), in [0, 1]."""
    device = probe_device()
    backbone = backbone.to(device).eval()
    head = Head(head.weight.to(device), head.bias.to(device))
    answers = []
    with torch.inference_mode():
        for batch in torch.split(torch.from_numpy(samples), BATCH[device.type]):
            answers.append(head.predict(backbone(to_float(batch.to(device))).float()))
    return accuracy(torch.cat(answers), torch.from_numpy(labels).to(device))
