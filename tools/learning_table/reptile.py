"""TinyReptile in NumPy, float64: a second implementation that shares no code with the package.

One device a round, from one fresh sample after the other; then the start moves towards what the
device learnt, by a share that falls to 0. Dense layers with tanh between them, squared error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.episodes import Examples, Group, TaskFamily

Array = NDArray[np.float64]
Layers = list[tuple[Array, Array]]
"""Weights (outputs, inputs) and biases"""


def copied(layers: Layers) -> Layers:
    """The same numbers elsewhere."""
    return [(weight.copy(), bias.copy()) for weight, bias in layers]


def step(layers: Layers, x: Array, target: Array, rate: float, clip: float) -> None:
    """One step of gradient descent on the mean squared error of a sample, in place.

    Args:
        layers: They change.
        x: (inputs,).
        target: (outputs,).
        rate: Of learning.
        clip: Largest difference that is passed back.
    """
    values = [x]
    for weight, bias in layers[:-1]:
        values.append(np.tanh(weight @ values[-1] + bias))
    weight, bias = layers[-1]
    difference = weight @ values[-1] + bias - target
    error = 2 / difference.size * np.clip(difference, -clip, clip)
    for pair, value in zip(reversed(layers), reversed(values), strict=True):
        passed = (error @ pair[0]) * (1 - value**2)
        np.subtract(pair[0], rate * np.outer(error, value), out=pair[0])
        np.subtract(pair[1], rate * error, out=pair[1])
        error = passed


def predicted(layers: Layers, inputs: Array) -> Array:
    """(n, outputs) of (n, inputs)."""
    value = inputs
    for weight, bias in layers[:-1]:
        value = np.tanh(value @ weight.T + bias)
    weight, bias = layers[-1]
    return np.asarray(value @ weight.T + bias)


def learnt(layers: Layers, support: Examples, rate: float, clip: float) -> Layers:
    """What a device makes of a start, in one pass."""
    own = copied(layers)
    inputs, targets = support.inputs.astype(np.float64), support.targets.astype(np.float64)
    for x, target in zip(inputs, targets, strict=True):
        step(own, x, target, rate, clip)
    return own


def meta_learnt(family: TaskFamily, start: Layers, rounds: int | None = None) -> Layers:
    """A start from which devices learn fast, with the settings of the family.

    Args:
        family: Of a regression.
        start: Random numbers; it stays as it is.
        rounds: Default: those of the family.
    """
    settings = family.settings
    rounds = settings.rounds if rounds is None else rounds
    found = copied(start)
    for number in range(rounds):
        support = family.device(Group.TRAIN, number).support(settings.steps)
        clip = np.inf if settings.error_clip is None else settings.error_clip
        own = learnt(found, support, settings.learning_rate, clip)
        share = settings.meta_rate * (1 - number / rounds)
        found = [
            (weight + share * (new[0] - weight), bias + share * (new[1] - bias))
            for (weight, bias), new in zip(found, own, strict=True)
        ]
    return found


def squared_error(layers: Layers, query: Examples) -> float:
    """Mean over the samples that judge a device."""
    return float(
        np.mean(np.square(predicted(layers, query.inputs.astype(np.float64)) - query.targets))
    )


def paired(arrays: Sequence[Array]) -> Layers:
    """Layers from weight, bias, weight, bias, …"""
    return list(zip(arrays[::2], arrays[1::2], strict=True))
