"""Linear probe and kNN of one backbone."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tinyssl.core.config import ProbeConfig
from tinyssl.core.progress import Progress
from tinyssl.data import Dataset
from tinyssl.data.augment import to_float
from tinyssl.data.base import Images
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.probes.features import BATCH, all_features, probe_device
from tinyssl.learn.probes.knn import knn_predict
from tinyssl.learn.probes.linear import Head, LinearProbe, accuracy, enough_epochs, fit_linear


@dataclass(frozen=True)
class Score:
    """What the probes found on the test split."""

    linear: LinearProbe
    accuracies: tuple[float, ...]
    """Of every head of the linear probe"""
    knn: float
    """Accuracy of the kNN classifier"""
    predictions: NDArray[np.int64]
    """Of the first head, (test images,)"""

    @property
    def accuracy(self) -> float:
        """Mean over the heads."""
        return statistics.fmean(self.accuracies)

    @property
    def spread(self) -> float:
        """Standard deviation over the heads (n - 1); 0 where there is one."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def score_backbone(
    backbone: Backbone,
    dataset: Dataset,
    config: ProbeConfig,
    progress: Progress,
    name: str = "trained",
) -> Score:
    """Both probes of one backbone."""
    features = all_features(backbone, dataset, progress, name)
    train, val, test = features.train, features.val, features.test
    classes = len(dataset.class_names)
    epochs = enough_epochs(config, len(train.labels))
    with progress.track(f"linear probe ({name})", epochs * config.seeds, "epoch") as tracker:
        linear = fit_linear(train, val, classes, config, tracker)
    predictions = [head.predict(test.features) for head in linear.heads]
    neighbours = knn_predict(train, test.features, config.knn, classes)
    return Score(
        linear=linear,
        accuracies=tuple(accuracy(predicted, test.labels) for predicted in predictions),
        knn=accuracy(neighbours, test.labels),
        predictions=predictions[0].cpu().numpy(),
    )


def head_accuracy(
    backbone: Backbone, head: Head, images: Images, labels: NDArray[np.int64]
) -> float:
    """Accuracy of backbone and head on `images` (n, h, w, 3), in [0, 1]."""
    device = probe_device()
    backbone = backbone.to(device).eval()
    head = Head(head.weight.to(device), head.bias.to(device))
    answers = []
    with torch.inference_mode():
        for batch in torch.split(torch.from_numpy(images), BATCH[device.type]):
            answers.append(head.predict(backbone(to_float(batch.to(device))).float()))
    return accuracy(torch.cat(answers), torch.from_numpy(labels).to(device))
