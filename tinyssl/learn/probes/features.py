"""Frozen features: what the backbone says about samples, in eval mode."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tinyssl.core.progress import Progress, Tracker
from tinyssl.data import Dataset
from tinyssl.data.augment import to_float
from tinyssl.data.base import Indices
from tinyssl.learn.backbones import Backbone

BATCH = {"cpu": 128, "cuda": 1024}
"""Images a step: as many as the caches of a CPU like, and as keep a GPU busy"""


@dataclass(frozen=True)
class Labelled:
    """Features with their labels."""

    features: Tensor
    """(n, dim) float32"""
    labels: Tensor
    """(n,) int64, or (n, numbers) float32 to predict; on the same device"""

    def take(self, positions: Tensor) -> Labelled:
        """Those at `positions`."""
        chosen = positions.to(self.labels.device)
        return Labelled(self.features[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Features:
    """Frozen features of the three splits."""

    train: Labelled
    val: Labelled
    test: Labelled


def probe_device() -> torch.device:
    """A GPU where there is one: features and heads stay on it."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def extract(
    backbone: Backbone, dataset: Dataset, indices: Indices, device: torch.device, tracker: Tracker
) -> Labelled:
    """Features of the samples at `indices`, without augmentation, batch norms in eval mode.

    They stay on `device`, as the labels do.
    """
    backbone = backbone.to(device).eval()
    nn.utils.convert_conv2d_weight_memory_format(backbone, torch.channels_last)
    parts: list[Tensor] = []
    with torch.inference_mode():
        size = BATCH[device.type]
        for start in range(0, len(indices), size):
            batch = torch.from_numpy(dataset.samples[indices[start : start + size]])
            parts.append(backbone(to_float(batch.to(device))).float())
            tracker.advance(len(batch))
    # a clone outside inference mode, so that it may be used where gradients are computed
    answers = dataset.labels if dataset.targets is None else dataset.targets
    return Labelled(torch.cat(parts).clone(), torch.from_numpy(answers[indices]).to(device))


def all_features(
    backbone: Backbone, dataset: Dataset, progress: Progress, name: str = "trained"
) -> Features:
    """Features of the three splits; `name` says in the progress whose they are."""
    device = probe_device()
    splits = (dataset.train, dataset.val, dataset.test)
    with progress.track(f"features ({name})", sum(map(len, splits)), "sample") as tracker:
        train, val, test = (extract(backbone, dataset, s, device, tracker) for s in splits)
    return Features(train, val, test)
