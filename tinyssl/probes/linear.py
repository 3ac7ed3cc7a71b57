"""The linear probe: one linear layer on frozen features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinyssl.config import ProbeConfig
from tinyssl.probes.features import Labelled
from tinyssl.progress import Tracker


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

    SGD with momentum 0.9, no weight decay, cosine to 0, weights start at 0.
    """
    probes = [_fit(train, val, classes, (config, lr), tracker) for lr in config.lrs]
    return max(probes, key=lambda probe: probe.val_accuracy)


def _fit(
    train: Labelled, val: Labelled, classes: int, how: tuple[ProbeConfig, float], tracker: Tracker
) -> LinearProbe:
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
    weight, bias = head.weight.detach(), head.bias.detach()
    found = accuracy(F.linear(val.features, weight, bias).argmax(dim=1), val.labels)
    return LinearProbe(weight, bias, lr, found)
