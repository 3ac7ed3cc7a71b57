"""Frozen features: what the backbone says about images, in eval mode."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tinyssl.augment import to_float
from tinyssl.backbones import Backbone
from tinyssl.datasets import Dataset
from tinyssl.datasets.base import Indices
from tinyssl.progress import Tracker

BATCH = 256


@dataclass(frozen=True)
class Labelled:
    """Features with their labels."""

    features: Tensor
    """(n, dim) float32, on the CPU"""
    labels: Tensor
    """(n,) int64"""


def extract(
    backbone: Backbone, dataset: Dataset, indices: Indices, device: torch.device, tracker: Tracker
) -> Labelled:
    """Features of the images at `indices`, without augmentation, batch norms in eval mode."""
    backbone = backbone.to(device).eval()
    parts: list[Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(indices), BATCH):
            batch = torch.from_numpy(dataset.images[indices[start : start + BATCH]])
            parts.append(backbone(to_float(batch.to(device))).float().cpu())
            tracker.advance(len(batch))
    # a clone outside inference mode: the linear probe computes gradients from it
    return Labelled(torch.cat(parts).clone(), torch.from_numpy(dataset.labels[indices]))
