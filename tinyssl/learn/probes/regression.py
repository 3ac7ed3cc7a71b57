"""The probe of numbers: ridge regression on frozen features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tinyssl.learn.probes.features import Labelled
from tinyssl.learn.probes.linear import Head, Scaling

TOLERANCE = 1.02
"""A larger penalty may have so many times the least error: small weights survive INT8"""
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Ridge penalties to try, as a share of the features' mean square length"""


@dataclass(frozen=True)
class Ridge:
    """A head and its penalty: the largest that costs next to nothing on the validation split."""

    head: Head
    strength: float


def fit_ridge(train: Labelled, val: Labelled) -> Ridge:
    """Least squares with an L2 penalty, in closed form; the constant is not penalised.

    Args:
        train: Features with their numbers (n, numbers) float32.
        val: Chooses the penalty, by the mean absolute error.
    """
    scaling = Scaling.of(train.features)
    features = scaling.apply(train.features).double()
    mean = train.labels.mean(dim=0)
    moments = features.T @ (train.labels - mean).double()
    gram = features.T @ features
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    candidates = []
    for strength in STRENGTHS:
        penalty = strength * gram.diagonal().mean().clamp(min=1e-12)
        weight = torch.linalg.solve(gram + penalty * identity, moments).T.float()
        candidates.append(Ridge(scaling.fold(Head(weight, mean)), strength))
    errors = [mean_error(found.head.outputs(val.features), val) for found in candidates]
    best = min(errors)
    return [
        found for found, error in zip(candidates, errors, strict=True) if error <= TOLERANCE * best
    ][-1]


def mean_error(predicted: Tensor, right: Labelled) -> float:
    """Mean absolute error."""
    return float((predicted - right.labels).abs().mean())


def knn_numbers(bank: Labelled, queries: Tensor, neighbours: int) -> Tensor:
    """Mean of the numbers of the nearest features by cosine: (m, numbers)."""
    directions = torch.nn.functional.normalize(bank.features, dim=1)
    similar = torch.nn.functional.normalize(queries, dim=1) @ directions.T
    nearest = similar.topk(min(neighbours, len(directions)), dim=1).indices
    return bank.labels[nearest].mean(dim=1)
