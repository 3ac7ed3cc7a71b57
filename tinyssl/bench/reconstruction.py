"""How well an autoencoder gives back its input, and how well that tells anomalies apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

NORMAL = "normal"
"""Class that an autoencoder learns, where its samples have classes: all others are anomalies"""


@dataclass
class Reconstruction:
    """Collects mean squared errors, sample by sample."""

    _errors: list[float] = field(default_factory=list)
    _odd: list[bool] = field(default_factory=list)

    def add(self, output: NDArray[Any], target: NDArray[Any], *, anomaly: bool = False) -> float:
        """One sample: what the model gave, and what it was to give; returns the error."""
        difference = output.astype(np.float64).ravel() - target.astype(np.float64).ravel()
        self._errors.append(float(np.mean(difference**2)))
        self._odd.append(anomaly)
        return self._errors[-1]

    def results(self) -> dict[str, float]:
        """`mse` over the samples that are no anomalies, and `auc` where there are both kinds."""
        errors, odd = np.array(self._errors), np.array(self._odd, bool)
        found = {} if odd.all() else {"mse": float(errors[~odd].mean())}
        if odd.any() and not odd.all():
            found["auc"] = area_under_curve(errors, odd)
        return found


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a positive sample has a larger score than another.

    Equal scores count a half (Mann and Whitney, 1947).

    Args:
        scores: (n,)
        positive: (n,), with samples of both kinds.
    """
    levels, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse] if len(levels) else np.zeros(0)
    few, many = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - few * (few + 1) / 2) / (few * many))
