"""Nodes that each see another sine, with a model that learns it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.training.networks import sine
from tinyssl.federated.samples import NodeSample
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss

RATE = 0.02


def sine_model() -> Model:
    """1-32-32-1 with tanh, as the specification (b) has it."""
    return sine().trained(Loss.SQUARED_ERROR, RATE, error_clip=5.0)


@dataclass
class Sines:
    """y = A sin(x + phi) of one node."""

    seed: int

    def stream(self, number: int, count: int) -> Iterator[NodeSample]:
        """Without an end."""
        return self._samples((self.seed, number, 1))

    def held_out(self, number: int) -> Iterator[NodeSample]:
        found = self._samples((self.seed, 0, 2))
        for _ in range(20):
            yield next(found)

    def _samples(self, seed: tuple[int, ...]) -> Iterator[NodeSample]:
        own = np.random.default_rng(self.seed)
        amplitude, phase = own.uniform(0.1, 5.0), own.uniform(0, 2 * np.pi)
        source = np.random.default_rng(seed)
        while True:
            x = source.uniform(-5, 5, (1, 1)).astype(np.float32)
            y = (amplitude * np.sin(x + phase)).astype(np.float32)
            yield NodeSample({"x": x}, {"target": y})
