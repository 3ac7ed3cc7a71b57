"""How well the features separate the classes while the training goes on: kNN on a few images.

Only to be looked at: labels of the training images never reach the method, and no decision of the
loop depends on it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tinyssl.core.progress import Silent
from tinyssl.data.base import Indices
from tinyssl.learn.probes.features import extract
from tinyssl.learn.probes.knn import knn_predict
from tinyssl.learn.train.observer import Metrics, TrainingRun

BANK = 5000
"""Most training images that vote"""
BANK_SHARE = 4
"""At most one in so many training images votes: on small data sets looking stays cheap"""
QUERIES = 1000
"""Most validation images that are classified"""
NEIGHBOURS = 20


class OnlineKnn:
    """Adds `knn`, an accuracy in [0, 1], to the metrics of every `knn_every`-th and the last epoch.

    The same images every time, spread evenly over both splits: the training images vote, the
    validation images are classified. With fewer voters than the probe has it is lower than the
    probe's figure; it is there to be compared with itself.
    """

    def __init__(self, subject: TrainingRun) -> None:
        self.subject = subject
        dataset = subject.dataset
        few = min(BANK, max(len(dataset.train) // BANK_SHARE, NEIGHBOURS))
        self.bank = spread_evenly(dataset.train, few)
        self.queries = spread_evenly(dataset.val, QUERIES)

    def on_step(self, metrics: Metrics) -> None:
        """Nothing: only epochs are judged."""

    def on_epoch(self, metrics: Metrics) -> None:
        """Adds `knn` where this epoch is one to be judged."""
        epoch, config = round(metrics["epoch"]), self.subject.config
        if epoch % config.knn_every == 0 or epoch == config.epochs:
            metrics["knn"] = self.accuracy()

    def close(self) -> None:
        """Nothing is open."""

    def accuracy(self) -> float:
        """Share of the queries whose class the vote names, with the weights of this moment."""
        dataset, backbone = self.subject.dataset, self.subject.method.backbone
        device = next(backbone.parameters()).device
        training = backbone.training
        with Silent().track("", 0) as tracker:
            train = extract(backbone, dataset, self.bank, device, tracker)
            val = extract(backbone, dataset, self.queries, device, tracker)
        backbone.train(training)
        classes = len(dataset.class_names)
        predicted = knn_predict(train, val.features, NEIGHBOURS, classes)
        return float(torch.mean((predicted == val.labels).double()))


def possible(subject: TrainingRun) -> bool:
    """Whether there are labels to be right about, and images kept from the training to ask."""
    return subject.dataset.labelled and len(subject.dataset.val) > 0


def spread_evenly(indices: Indices, count: int) -> NDArray[np.int64]:
    """At most `count` of the indices, evenly spaced, in their order."""
    if len(indices) <= count:
        return indices
    return indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)]
