"""k nearest neighbours on frozen features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.learn.probes.features import Labelled

TEMPERATURE = 0.07
CHUNK = 1024


def knn_predict(train: Labelled, queries: Tensor, neighbours: int, classes: int) -> Tensor:
    """Class of each query, by a vote of its nearest training features (arXiv 1805.01978, 3.4).

    Near is high cosine; a neighbour's vote weighs exp(cosine / 0.07).

    Args:
        train: Features (n, dim) that vote.
        queries: (m, dim).
        neighbours: How many vote; all where there are fewer.
        classes: Number of classes.

    Returns:
        (m,) int64.
    """
    bank = F.normalize(train.features, dim=1)
    predictions = []
    for chunk in torch.split(F.normalize(queries, dim=1), CHUNK):
        nearest = (chunk @ bank.T).topk(min(neighbours, len(bank)), dim=1)
        weights = (nearest.values / TEMPERATURE).exp()
        votes = bank.new_zeros(len(chunk), classes)
        votes.scatter_add_(1, train.labels[nearest.indices], weights)
        predictions.append(votes.argmax(dim=1))
    return torch.cat(predictions)
