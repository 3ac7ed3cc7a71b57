"""Weights of a float graph, and what its activations look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model

Weights = NDArray[np.float64]


def constant(model: Model, index: int) -> Weights:
    """Values of a constant."""
    return model.tensor(index).array().astype(np.float64)


def with_constants(model: Model, values: Mapping[int, NDArray[Any]]) -> Model:
    """The graph with other constants of the same shapes."""
    tensors = list(model.tensors)
    for index, array in values.items():
        tensors[index] = replace(
            tensors[index], data=np.ascontiguousarray(array, np.float32).tobytes()
        )
    return replace(model, tensors=tuple(tensors))


@dataclass(frozen=True)
class ChannelStatistics:
    """Of one activation over the calibration inputs, a value for each element of the last axis."""

    largest: Weights
    """Largest distance from 0"""
    mean: Weights
