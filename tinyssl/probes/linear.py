"""The linear probe: one linear layer on frozen features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinyssl.config import ProbeConfig
from tinyssl.probes.features import Labelled
from tinyssl.progress import Tracker

RADIUS = 4.0
"""Length of scaled features (root mean square): the learning rates around 1 suit it"""


@dataclass(frozen=True)
class LinearProbe:
    """A trained head, and how it was chosen."""

    weight: Tensor
    """(classes, dim)"""
    bias: Tensor
    """(classes,)"""
    lr: float
    val_accuracy: float

    def predict(self, features: Tensor) -> Tensor:
        """(n, dim) to (n,) int64."""
        return F.linear(features, self.weight, self.bias).argmax(dim=1)


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Share of equal elements, in [0, 1]."""
    return float((predicted == labels).float().mean())


def fit_linear(
    train: Labelled, val: Labelled, classes: int, config: ProbeConfig, tracker: Tracker
) -> LinearProbe:
    """Softmax regression with every learning rate; the best on `val` is kept (the first of equals).

    SGD with momentum 0.9, no weight decay, cosine to 0, weights start at 0. The features are
    centred and divided by one number while training, both folded into the returned head: networks
    whose features differ in scale by orders of magnitude, as a trained and a random one do, then
    meet the same learning rates. One number and not one a feature, so that the head's weights stay
    of similar size, which int8 needs.
    """
    scaling = Scaling.of(train.features)
    scaled = Labelled(scaling.apply(train.features), train.labels)
    heads = [(lr, _fit(scaled, classes, (config, lr), tracker)) for lr in config.lrs]
    probes = [_judge(scaling.fold(head), lr, val) for lr, head in heads]
    return max(probes, key=lambda probe: probe.val_accuracy)


@dataclass(frozen=True)
class Scaling:
    """(features - mean) / scale, with a mean of every feature and one scale for all."""

    mean: Tensor
    """(dim,)"""
    scale: float
    """Root mean square distance of a feature vector from the mean, divided by `RADIUS`"""

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """The scaling that brings (n, dim) features to mean 0 and mean square length RADIUS²."""
        mean = features.mean(dim=0)
        distance = float((features - mean).square().sum(dim=1).mean().sqrt())
        return cls(mean, distance / RADIUS if distance > 0 else 1.0)

    def apply(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.scale

    def fold(self, head: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight and bias that do to features what `head` does to scaled ones."""
        weight = head.weight.detach() / self.scale
        return weight, head.bias.detach() - weight @ self.mean


def _judge(head: tuple[Tensor, Tensor], lr: float, val: Labelled) -> LinearProbe:
    weight, bias = head
    predicted = F.linear(val.features, weight, bias).argmax(dim=1)
    return LinearProbe(weight, bias, lr, accuracy(predicted, val.labels))


def _fit(
    train: Labelled, classes: int, how: tuple[ProbeConfig, float], tracker: Tracker
) -> nn.Linear:
    config, lr = how
    head = nn.Linear(train.features.shape[1], classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.SGD(head.parameters(), lr=lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.epochs)
    generator = torch.Generator().manual_seed(config.seed)
    for _ in range(config.epochs):
        order = torch.randperm(len(train.labels), generator=generator)
        for batch in torch.split(order, config.batch_size):
            loss = F.cross_entropy(head(train.features[batch]), train.labels[batch])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
        scheduler.step()
        tracker.advance()
    return head
