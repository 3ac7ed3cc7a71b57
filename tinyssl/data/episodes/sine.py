"""`sine`: each device has a sine of its own; the regression of MAML (Finn et al. 2017, 5.1).

y = A sin(x + phase), A in (0.1, 5), x in (-5, 5); the phase in (0, 2 pi), so that the mean of all
tasks is zero and nothing but learning helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import UsageError
from tinyssl.data.episodes.base import DeviceData, Examples, Group, MetaSettings, TaskFamily
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss

AMPLITUDES = (0.1, 5.0)
PHASES = (0.0, 2 * np.pi)
RANGE = (-5.0, 5.0)
QUERY = 100
"""Samples that a device is judged on, evenly over the range"""
HIDDEN = 32


@dataclass
class SineDevice(DeviceData):
    """One sine."""

    amplitude: float
    phase: float
    key: tuple[int, ...]
    """Of its random numbers"""

    def __post_init__(self) -> None:
        self.name = f"{self.amplitude:.2f} sin(x + {self.phase:.2f})"
        self.query = self._at(np.linspace(*RANGE, QUERY))

    def support(self, count: int, visit: int = 0) -> Examples:
        return self._at(np.random.default_rng((*self.key, visit)).uniform(*RANGE, count))

    def _at(self, places: NDArray[np.float64]) -> Examples:
        values = self.amplitude * np.sin(places + self.phase)
        return Examples(*(each.astype(np.float32).reshape(-1, 1) for each in (places, values)))


class Sine(TaskFamily):
    """Sines by their number."""

    title = "the sine of a device, from single points"
    loss = Loss.SQUARED_ERROR
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=32, rounds=3000, error_clip=5.0
    )

    def prepare(self) -> None:
        if self.data is not None:
            raise UsageError(f"family sine makes its own data and does not read {self.data}")
        self.shape, self.outputs = (1,), 1

    def devices(self, group: Group) -> None:
        return None

    def device(self, group: Group, number: int) -> SineDevice:
        random = self.generator(group, number)
        amplitude, phase = random.uniform(*AMPLITUDES), random.uniform(*PHASES)
        return SineDevice(amplitude, phase, (self.seed, list(Group).index(group), number, 1))

    def network(self, seed: int = 0) -> Model:
        """1-32-32-1 with tanh: 1,153 parameters."""
        layers = LayerStack((1, 1), seed)
        for _ in range(2):
            layers.dense(HIDDEN)
            layers.function("TANH")
        layers.dense(1, gain=0.5)
        return layers.model("sine")


FAMILIES = {"sine": Sine}
