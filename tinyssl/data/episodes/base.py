"""What meta-learning and federation learn from: many devices, each with few samples of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss


class Group(StrEnum):
    """Devices that take part in the training, and devices that nobody has seen before."""

    TRAIN = "train"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Examples:
    """Samples with their right answers."""

    inputs: NDArray[np.float32]
    """(n, *shape) of the family"""
    targets: NDArray[Any]
    """(n,) int32 labels below `outputs`, or (n, outputs) float32"""

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, positions: NDArray[np.intp]) -> Examples:
        """Those at some positions, in that order."""
        return Examples(self.inputs[positions], self.targets[positions])


class DeviceData(ABC):
    """What one device sees."""

    name: str
    """For people: "phase 1.2, amplitude 3.4", a room, the characters"""
    query: Examples
    """What the device is judged on; never among its support"""

    @abstractmethod
    def support(self, count: int, visit: int = 0) -> Examples:
        """The next samples of the device's stream, to learn from.

        Args:
            count: How many.
            visit: Which visit to the device this is: each has other samples, as far as there are
                some. The same number gives the same samples.
        """


@dataclass(frozen=True)
class MetaSettings:
    """Settings that work for a family, as first values for its user."""

    learning_rate: float
    """Of a step on a device"""
    steps: int
    """Samples that a device learns from in a round"""
    rounds: int
    """Of one device each"""
    meta_rate: float = 1.0
    """Share of a device's change that the server takes, in the first round; falls to 0"""
    online_steps: int = 10
    """Samples that an unseen device learns from before it is judged"""
    error_clip: float | None = None
    """Largest difference of prediction and target that a squared error passes back"""


class TaskFamily(ABC):
    """Devices by number, each with a task of its own.

    Args:
        data: File or folder of the user; families that make their own data take none.
        seed: Of all that is drawn.

    Raises:
        UsageError: There is no data; the hint says where to get it.
        DataError: The data cannot be read.
    """

    title: ClassVar[str]
    """One line on what a device learns"""
    loss: ClassVar[Loss]
    settings: ClassVar[MetaSettings]
    shape: tuple[int, ...]
    """Of one sample: (numbers,) or (height, width, channels)"""
    outputs: int
    """Classes, or numbers to predict"""

    def __init__(self, data: Path | None = None, seed: int = 0) -> None:
        self.data, self.seed = data, seed
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Reads or makes the data, and sets `shape` and `outputs`."""

    @abstractmethod
    def devices(self, group: Group) -> int | None:
        """How many there are; None: as many as you ask for."""

    @abstractmethod
    def device(self, group: Group, number: int) -> DeviceData:
        """One of them, from 0; the same number gives the same device."""

    @abstractmethod
    def network(self, seed: int = 0) -> Model:
        """A small float32 network for these tasks, with random weights; all of it may learn."""

    def generator(self, group: Group, *numbers: int) -> np.random.Generator:
        """Random numbers that depend on seed, group and numbers alone."""
        return np.random.default_rng((self.seed, list(Group).index(group), *numbers))
