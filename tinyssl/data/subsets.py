"""Few labels: the same small subsets of the training images for every run."""

from __future__ import annotations

import numpy as np

from tinyssl.data.base import Dataset, Indices


def label_subset(dataset: Dataset, share: float, number: int, seed: int) -> Indices:
    """Positions within `dataset.train` whose labels may be used, ascending.

    Stratified: every class gives its share of its images, rounded, and one at least. It depends on
    the data set and the arguments alone, so all runs get the same.

    Args:
        dataset: With labels.
        share: Of the training images, in (0, 1].
        number: Which subset; others are drawn independently.
        seed: Of all subsets.
    """
    generator = np.random.default_rng([seed, number])
    labels = dataset.labels[dataset.train]
    chosen = []
    for name in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == name))
        chosen.append(members[: max(round(share * len(members)), 1)])
    return np.sort(np.concatenate(chosen)).astype(np.int64)
