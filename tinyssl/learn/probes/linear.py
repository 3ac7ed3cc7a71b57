"""The linear probe: one linear layer on frozen features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.core.config import ProbeConfig
from tinyssl.core.progress import Tracker
from tinyssl.learn.probes.features import Labelled

RADIUS = 4.0
"""Length of scaled features (root mean square): the learning rates around 1 suit it"""
LR_BATCH = 256
"""Batch size for which the learning rates are given; with others they grow in proportion"""
MOMENTUM = 0.9
STEPS = 1600
IMAGES_SEEN = 900_000
"""On few images a head is trained for more epochs than asked: until it has taken `STEPS` steps or
seen `IMAGES_SEEN` images, whichever comes first. On the 1,294 images of the digits 40 steps find
3 points less, and 400 steps 0.3"""


@dataclass(frozen=True)
class Head:
    """A trained linear layer."""

    weight: Tensor
    """(classes, dim)"""
    bias: Tensor
    """(classes,)"""

    def predict(self, features: Tensor) -> Tensor:
        """(n, dim) to (n,) int64."""
        return self.outputs(features).argmax(dim=1)

    def outputs(self, features: Tensor) -> Tensor:
        """(n, dim) to (n, outputs)."""
        return F.linear(features, self.weight, self.bias)


@dataclass(frozen=True)
class LinearProbe:
    """Heads that differ in the order of the images only, and how their rate was chosen."""

    heads: tuple[Head, ...]
    """One a seed"""
    lr: float
    val_accuracy: float
    """Of the head that was trained with `lr` in the sweep"""


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Share of equal elements, in [0, 1]."""
    return float((predicted == labels).float().mean())


def enough_epochs(config: ProbeConfig, images: int) -> int:
    """The epochs asked for, or more on few images: see `STEPS`."""
    batches = math.ceil(images / config.batch_size)
    return max(config.epochs, min(math.ceil(STEPS / batches), math.ceil(IMAGES_SEEN / images)))


def fit_linear(
    train: Labelled, val: Labelled, classes: int, config: ProbeConfig, tracker: Tracker
) -> LinearProbe:
    """Softmax regression: a sweep over the learning rates, then a head a seed with the best one.

    The best rate is the one whose head is right most often on `val` (the first of equals); the
    sweep's own head is the first seed's, for it is the same computation.

    SGD with momentum 0.9, no weight decay, cosine to 0, weights start at 0. The features are
    centred and divided by one number while training, both folded into the returned head: networks
    whose features differ in scale by orders of magnitude, as a trained and a random one do, then
    meet the same learning rates. One number and not one a feature, so that the head's weights stay
    of similar size, which int8 needs.

    Every head is trained for `enough_epochs`.
    """
    config = replace(config, epochs=enough_epochs(config, len(train.labels)))
    scaling = Scaling.of(train.features)
    scaled = Labelled(scaling.apply(train.features), train.labels)
    sweep = [
        scaling.fold(head) for head in train_heads(scaled, classes, config, config.lrs, tracker)
    ]
    scores = [accuracy(head.predict(val.features), val.labels) for head in sweep]
    best = max(range(len(scores)), key=scores.__getitem__)
    heads = [sweep[best]]
    for number in range(1, config.seeds):
        (head,) = train_heads(scaled, classes, config, [config.lrs[best]], tracker, number)
        heads.append(scaling.fold(head))
    return LinearProbe(tuple(heads), config.lrs[best], scores[best])


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

    def fold(self, head: Head) -> Head:
        """The head that does to features what `head` does to scaled ones."""
        weight = head.weight / self.scale
        return Head(weight, head.bias - weight @ self.mean)


def train_heads(
    train: Labelled,
    classes: int,
    config: ProbeConfig,
    lrs: Sequence[float],
    tracker: Tracker,
    number: int = 0,
) -> list[Head]:
    """A head for every learning rate, all in one pass: their weights stand in one matrix.

    The gradient of the cross-entropy is written out, (softmax - one-hot)ᵀ features / batch, as
    autograd would compute it; so a step is two matrix products for all heads together.

    Args:
        train: Features that are centred and scaled.
        classes: Number of classes.
        config: Epochs, batch size and seed.
        lrs: For a batch of `LR_BATCH`.
        tracker: Told of every epoch.
        number: Which seed of the probe: another order of the images.
    """
    features, labels = train.features, train.labels
    device, images = features.device, len(labels)
    batch = min(config.batch_size, images)
    rates = torch.tensor(lrs, device=device).repeat_interleave(classes)[:, None] * batch / LR_BATCH
    weight = features.new_zeros(len(lrs) * classes, features.shape[1] + 1)  # the bias comes last
    velocity = torch.zeros_like(weight)
    generator = torch.Generator().manual_seed(config.seed + number)
    ones = features.new_ones(batch, 1)
    steps, step = config.epochs * -(-images // batch), 0
    for _ in range(config.epochs):
        order = torch.randperm(images, generator=generator).to(device)
        for chosen in torch.split(order, batch):
            x = torch.cat((features[chosen], ones[: len(chosen)]), dim=1)
            gradient = _gradient(x @ weight.T, labels[chosen], classes).T @ x
            velocity.mul_(MOMENTUM).add_(gradient)
            weight.addcmul_(velocity, rates, value=-_decay(step / steps))
            step += 1
        tracker.advance()
    return [Head(part[:, :-1], part[:, -1]) for part in torch.split(weight, classes)]


def _gradient(logits: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Of the mean cross-entropy of every head by its logits, (b, heads * classes) both."""
    rows = logits.view(len(logits), -1, classes).softmax(dim=2)
    rows -= F.one_hot(labels, classes)[:, None]
    return rows.view_as(logits) / len(logits)


def _decay(progress: float) -> float:
    """From 1 to 0 while `progress` goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))
