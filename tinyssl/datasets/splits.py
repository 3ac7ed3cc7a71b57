"""Deterministic splits: the same seed and the same labels give the same indices everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.config import DataConfig
from tinyssl.datasets.base import Indices, Source
from tinyssl.errors import DataError


def split(source: Source, config: DataConfig) -> tuple[Indices, Indices, Indices]:
    """Train, validation and test indices, each ascending.

    Stratified: every class gives its share of each split to within one image, and keeps at least
    one training image. Images without labels count as one class. The source's own test split is
    used where it has one.

    Raises:
        DataError: Too few images for three splits that are not empty.
    """
    generator = np.random.default_rng(config.split_seed)
    everything = np.arange(len(source.images), dtype=np.int64)
    if source.test is None:
        rest, test = _hold_out(everything, source.labels, config.test_fraction, generator)
    else:
        rest, test = np.setdiff1d(everything, source.test), np.sort(source.test)
    train, val = _hold_out(rest, source.labels, config.val_fraction, generator)
    if not (len(train) and len(val) and len(test)):
        raise DataError(
            f"splitting {len(everything)} image(s) gives {len(train)} for training, {len(val)} "
            f"for validation and {len(test)} for the test; none may be empty",
            hint="three images are the least, with class folders also two in each",
        )
    return train, val, test


def _hold_out(
    indices: Indices, labels: Indices, fraction: float, generator: np.random.Generator
) -> tuple[Indices, Indices]:
    """(kept, held out) of `indices`, with the shares of the classes equal to within one image."""
    classes, counts = np.unique(labels[indices], return_counts=True)
    quotas = _quotas(counts, fraction, generator)
    chosen = [
        generator.permutation(indices[labels[indices] == name])[:quota]
        for name, quota in zip(classes, quotas, strict=True)
    ]
    held_out = np.sort(np.concatenate([*chosen, np.empty(0, np.int64)]))
    return np.setdiff1d(indices, held_out), held_out


def _quotas(
    counts: NDArray[np.int64], fraction: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Images to take from each class: largest remainders, ties by lot, never the whole class."""
    shares = counts * fraction
    quotas = np.floor(shares).astype(np.int64)
    missing = max(round(float(shares.sum())), 1) - int(quotas.sum())
    order = generator.permutation(len(counts))
    order = order[np.argsort(-(shares - quotas)[order], kind="stable")]
    for index in order[: max(missing, 0)]:
        quotas[index] += 1
    limited: NDArray[np.int64] = np.minimum(quotas, counts - 1)
    return limited
