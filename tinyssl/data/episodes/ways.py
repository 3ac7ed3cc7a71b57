"""Families whose devices tell a few classes apart: N-way tasks, drawn from a pool of classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.episodes.base import DeviceData, Examples, Group, TaskFamily
from tinyssl.graph.training import Loss


@dataclass(frozen=True)
class ClassPool:
    """Classes with their samples."""

    names: tuple[str, ...]
    samples: tuple[NDArray[np.float32], ...]
    """Of each class (n, *shape)"""

    def __len__(self) -> int:
        return len(self.names)


class WayDevice(DeviceData):
    """A few classes; the label of each is its place among them.

    Args:
        names: Of the classes.
        samples: Of each class (n, *shape), in a random order; the first `query` are what the device
            is judged on, the others its stream.
        query: Samples of a class.
        key: Of the random numbers.
    """

    def __init__(
        self,
        names: Sequence[str],
        samples: Sequence[NDArray[np.float32]],
        query: int,
        key: tuple[int, ...],
    ) -> None:
        self.name = ", ".join(names)
        held = [each[:query] for each in samples]
        labels = np.repeat(np.arange(len(held), dtype=np.int32), [len(each) for each in held])
        self.query = Examples(np.concatenate(held), labels)
        self._streams = [each[query:] for each in samples]
        self._key = key

    def support(self, count: int, visit: int = 0) -> Examples:
        """One of each class in a random order, then another of each, and so on."""
        random = np.random.default_rng((*self._key, visit))
        ways = len(self._streams)
        turns = -(-count // ways)
        order = [random.permutation(ways) for _ in range(turns)]
        labels = np.array(order, np.int32).reshape(-1)[:count]
        inputs = np.empty((count, *self._streams[0].shape[1:]), np.float32)
        for label, stream in enumerate(self._streams):
            here = np.flatnonzero(labels == label)
            passes = -(-len(here) // len(stream))
            places = [random.permutation(len(stream)) for _ in range(passes)]
            inputs[here] = stream[np.array(places, np.intp).reshape(-1)[: len(here)]]
        return Examples(inputs, labels)


class WayFamily(TaskFamily):
    """N-way tasks by their number; the classes of unseen devices are in no other device."""

    loss = Loss.CROSS_ENTROPY
    ways: ClassVar[int] = 5
    """Classes of a device"""
    query: ClassVar[int]
    """Samples of a class that a device is judged on"""

    def prepare(self) -> None:
        self.pools = dict(zip(Group, self.read(), strict=True))
        self.shape = self.pools[Group.TRAIN].samples[0].shape[1:]
        self.outputs = self.ways

    @abstractmethod
    def read(self) -> tuple[ClassPool, ClassPool]:
        """Classes of the training, and of unseen devices.

        Raises:
            UsageError: There is no data.
            DataError: It cannot be read.
        """

    def devices(self, group: Group) -> None:
        return None

    def device(self, group: Group, number: int) -> WayDevice:
        random, pool = self.generator(group, number), self.pools[group]
        chosen = random.choice(len(pool), self.ways, replace=False)
        samples = [random.permutation(pool.samples[at]) for at in chosen]
        key = (self.seed, list(Group).index(group), number, 1)
        return WayDevice([pool.names[at] for at in chosen], samples, self.query, key)
