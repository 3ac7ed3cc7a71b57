"""Deterministic splits: the same seed and the same labels give the same indices everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.data.base import Indices, Source

LEAST_TRAIN = 2
"""Training images: a batch norm needs two, and so does every contrast"""
MOST_TRIED = 1000
"""Images of a class with which `least_images` gives up"""


def split(source: Source, config: DataConfig) -> tuple[Indices, Indices, Indices]:
    """Train, validation and test indices, each ascending.

    Stratified: every class gives its share of each split to within one image, and keeps at least
    one training image. Images without labels count as one class. The source's own test and
    validation splits are used where it has them.

    Raises:
        DataError: Fewer than `LEAST_TRAIN` training images, or an empty validation or test split.
    """
    generator = np.random.default_rng(config.split_seed)
    everything = np.arange(len(source.samples), dtype=np.int64)
    if source.test is None:
        rest, test = _hold_out(everything, source.labels, config.test_fraction, generator)
    else:
        rest, test = np.setdiff1d(everything, source.test), np.sort(source.test)
    if source.val is None:
        train, val = _hold_out(rest, source.labels, config.val_fraction, generator)
    else:
        train, val = np.setdiff1d(rest, source.val), np.sort(source.val)
    if len(train) < LEAST_TRAIN or not (len(val) and len(test)):
        raise DataError(
            f"splitting {len(everything)} image(s) gives {len(train)} for training, {len(val)} "
            f"for validation and {len(test)} for the test; {LEAST_TRAIN}, 1 and 1 are the least",
            hint=_way_out(source, config),
        )
    return train, val, test


def _way_out(source: Source, config: DataConfig) -> str:
    """How many images are enough."""
    kinds = len(np.unique(source.labels))
    own = source.test is not None
    least = least_images(kinds, config, own_test=own)
    if not least:
        return "lower --test-fraction and --val-fraction"
    of = "training images" if own else "images"
    each = f", {least // kinds} in each of the {kinds} classes" if kinds > 1 else ""
    return f"add {of}: {least} are enough{each}"


def least_images(kinds: int, config: DataConfig, *, own_test: bool = False) -> int:
    """Images that can be split, as many of each of `kinds` classes; 0: the shares are too large.

    With `own_test` those of the training folder alone, of which the validation images are drawn.
    """
    shares = [config.val_fraction] if own_test else [config.test_fraction, config.val_fraction]
    enough = (each for each in range(1, MOST_TRIED + 1) if _left(kinds, each, shares))
    return kinds * next(enough, 0)


def _left(kinds: int, each: int, shares: Sequence[float]) -> bool:
    """True where `each` images of a class fill every share and leave enough to train on."""
    counts = np.full(kinds, each, np.int64)
    for share in shares:
        quotas = _quotas(counts, share, np.random.default_rng(0))
        if not quotas.sum():
            return False
        counts -= quotas
    return int(counts.sum()) >= LEAST_TRAIN


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
