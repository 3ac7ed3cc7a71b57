"""What a classifier reaches without any network: on the pixels themselves.

Logistic regression and kNN on the same split as the probe. A backbone whose features are no better
than the pixels has learnt nothing that helps.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tinyssl.data import Dataset
from tinyssl.data.base import Indices, Pixels
from tinyssl.data.spec import to_unit
from tinyssl.data.subsets import label_subset
from tinyssl.learn.probes.features import Labelled
from tinyssl.learn.probes.regression import fit_ridge, mean_error

MOST_IMAGES = 4000
"""Training images that are used; of more a stratified subset"""
MOST_SIDE, LEAST_SIDE = 32, 8
"""Larger images are averaged down to this side in pixels"""
MOST_WORK = 1.25e9
"""Training images x values an image x classes: above it the side is halved. So the baseline stays
below about a minute of one core, however many classes there are"""
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of the L2 regularisation to try (scikit-learn's C)"""
NEIGHBOURS = (1, 3, 5, 10, 20)
"""Numbers of neighbours to try"""
ITERATIONS = 100
CHUNK = 1024


@dataclass(frozen=True)
class PixelSplit:
    """Pixels in [0, 1] with their labels."""

    pixels: Pixels
    """(n, values)"""
    labels: NDArray[np.int64]
    """(n,)"""

    def right(self, predicted: NDArray[np.int64]) -> float:
        """Share of the images that are classified rightly."""
        return float((predicted == self.labels).mean())


@dataclass(frozen=True)
class PixelPlan:
    """Which images and values are used, so that the cost has a limit."""

    train: Indices
    """Into the data set"""
    side: int
    """Of the averaged images, in pixels; 0: no images, every value counts"""
    grey: bool
    """All three channels are equal: one is enough"""

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """The plan for a labelled data set."""
        if dataset.spec.kind != "image":
            work = dataset.spec.size * max(len(dataset.class_names), 1)
            return cls(_subset(dataset, min(MOST_IMAGES, int(MOST_WORK / work))), 0, grey=False)
        train = _subset(dataset, MOST_IMAGES)
        seen = dataset.samples[train]
        grey = bool((seen == seen[..., :1]).all())
        side = min(dataset.samples.shape[1], MOST_SIDE)
        images_classes = len(train) * len(dataset.class_names) * (1 if grey else 3)
        while side > LEAST_SIDE and images_classes * side**2 > MOST_WORK:
            side = max(side // 2, LEAST_SIDE)
        return cls(train, side, grey)

    def split(self, dataset: Dataset, indices: Indices) -> PixelSplit:
        """The images at `indices` as rows of values."""
        if not self.side:
            rows = to_unit(dataset.samples[indices]).reshape(len(indices), -1)
            return PixelSplit(rows, dataset.labels[indices])
        channels = 1 if self.grey else 3
        parts = [np.zeros((0, channels * self.side**2), np.float32)]
        for start in range(0, len(indices), CHUNK):
            images = torch.from_numpy(dataset.samples[indices[start : start + CHUNK]])
            planes = images[..., :channels].permute(0, 3, 1, 2).float() / 255
            small = F.interpolate(planes, size=self.side, mode="area")
            parts.append(small.flatten(1).numpy())
        return PixelSplit(np.concatenate(parts), dataset.labels[indices])


def raw_results(dataset: Dataset) -> dict[str, Any]:
    """Accuracies on the test split without a network, and how they were found.

    Returns:
        `accuracy_raw` (logistic regression) and `knn_raw`, fractions; `raw_images` (training images
        used), `raw_side` (pixels), `raw_strength`, `raw_neighbours` (both chosen on the validation
        split) and `raw_seconds`. Empty where the training images have one class only.
    """
    started = time.perf_counter()
    plan = PixelPlan.of(dataset)
    if dataset.targets is not None:
        return _numbers(dataset, plan) | {
            "raw_images": len(plan.train),
            "raw_seconds": round(time.perf_counter() - started, 2),
        }
    train, val, test = (
        plan.split(dataset, indices) for indices in (plan.train, dataset.val, dataset.test)
    )
    if len(np.unique(train.labels)) < 2:
        return {}
    accuracy, strength = logistic(train, val, test)
    knn, neighbours = nearest(train, val, test)
    return {
        "accuracy_raw": accuracy,
        "knn_raw": knn,
        "raw_images": len(plan.train),
        "raw_side": plan.side,
        "raw_strength": strength,
        "raw_neighbours": neighbours,
        "raw_seconds": round(time.perf_counter() - started, 2),
    }


def _subset(dataset: Dataset, most: int) -> Indices:
    """At most so many training samples, stratified."""
    if len(dataset.train) <= most:
        return dataset.train
    return dataset.train[label_subset(dataset, most / len(dataset.train), 0, seed=0)]


def _numbers(dataset: Dataset, plan: PixelPlan) -> dict[str, Any]:
    """Error of ridge regression on the samples themselves."""
    assert dataset.targets is not None
    train, val, test = (
        Labelled(
            torch.from_numpy(plan.split(dataset, indices).pixels),
            torch.from_numpy(dataset.targets[indices]),
        )
        for indices in (plan.train, dataset.val, dataset.test)
    )
    ridge = fit_ridge(train, val)
    return {
        "mae_raw": mean_error(ridge.head.outputs(test.features), test),
        "raw_strength": ridge.strength,
    }


def logistic(train: PixelSplit, val: PixelSplit, test: PixelSplit) -> tuple[float, float]:
    """Multinomial logistic regression on standardised pixels.

    Returns:
        Test accuracy, and the inverse strength that was best on `val` (the strongest of equals).
    """
    # Here, as every training imports this module and scikit-learn takes a second to load.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    seen, held, unseen = standardised(train.pixels, val.pixels, test.pixels)
    best, strength, model = -1.0, 0.0, None
    for candidate in STRENGTHS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the cost has a limit on purpose
            fitted = LogisticRegression(C=candidate, max_iter=ITERATIONS).fit(seen, train.labels)
        score = val.right(fitted.predict(held))
        if score > best:
            best, strength, model = score, candidate, fitted
    assert model is not None
    return test.right(model.predict(unseen)), strength


def standardised(train: Pixels, *others: Pixels) -> tuple[Pixels, ...]:
    """Mean 0 and deviation 1 of each value in `train`, the others alike.

    A value that never changes in `train` is 0 there.
    """
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation < 1e-6] = 1
    return tuple((part - mean) / deviation for part in (train, *others))


def nearest(train: PixelSplit, val: PixelSplit, test: PixelSplit) -> tuple[float, int]:
    """kNN by the Euclidean distance of pixels, one vote a neighbour.

    Returns:
        Test accuracy, and the number of neighbours that was best on `val` (the fewest of equals).
    """
    votes = _sorted_labels(train, val.pixels)
    best = max(NEIGHBOURS, key=lambda count: (val.right(_vote(votes, count)), -count))
    return test.right(_vote(_sorted_labels(train, test.pixels), best)), best


def _sorted_labels(train: PixelSplit, queries: Pixels) -> Tensor:
    """(m, neighbours) labels of the nearest training images, the nearest first."""
    bank, labels = torch.from_numpy(train.pixels), torch.from_numpy(train.labels)
    count = min(max(NEIGHBOURS), len(bank))
    found = [
        labels[torch.cdist(chunk, bank).topk(count, dim=1, largest=False).indices]
        for chunk in torch.split(torch.from_numpy(queries), CHUNK)
    ]
    return torch.cat(found)


def _vote(nearest_first: Tensor, count: int) -> NDArray[np.int64]:
    """The most frequent of the first `count` labels; of equals the one with the nearest image."""
    chosen = nearest_first[:, :count]
    votes = F.one_hot(chosen, int(nearest_first.max()) + 1).sum(dim=1).double()
    rank = torch.arange(chosen.shape[1], 0, -1, dtype=torch.float64) / (2 * chosen.shape[1])
    nearest_bonus = torch.zeros_like(votes).scatter_reduce_(
        1, chosen, rank.expand(chosen.shape), "amax"
    )
    return (votes + nearest_bonus).argmax(dim=1).numpy()
