"""Devices of a task family as the nodes of a federation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tinyssl.data.episodes import DeviceData, Examples, Group, TaskFamily
from tinyssl.federated.samples import NodeSample
from tinyssl.graph.interface import ValueInfo, named_values, of_kind
from tinyssl.graph.model import DType, Model, ValueKind


@dataclass(frozen=True)
class Ends:
    """What a model reads: one input, and one target."""

    input: ValueInfo
    target: ValueInfo

    @staticmethod
    def of(model: Model) -> Ends:
        """Of a model with a training step."""
        named = named_values(model)
        (source,) = of_kind(named, ValueKind.INPUT)
        (target,) = of_kind(named, ValueKind.TARGET)
        return Ends(source, target)

    @property
    def sample_bytes(self) -> int:
        """Of one sample and its answer."""
        return self.input.bytes + self.target.bytes

    def samples(self, examples: Examples) -> Iterator[NodeSample]:
        """Examples one by one, as the model reads them."""
        dtype = np.int32 if self.target.dtype is DType.INT32 else np.float32
        for x, y in zip(examples.inputs, examples.targets, strict=True):
            answer = np.asarray(y, dtype).reshape(self.target.shape)
            yield NodeSample(
                {self.input.name: x.astype(np.float32).reshape(self.input.shape)},
                {self.target.name: answer},
            )


@dataclass(frozen=True)
class FamilySamples:
    """The samples of one node, which stands for a device of a family: `samples.NodeSamples`."""

    family: TaskFamily
    ends: Ends
    device_of: Callable[[int], int]
    """Round -> number of the device"""
    group: Group = Group.TRAIN

    def stream(self, number: int, count: int) -> Iterator[NodeSample]:
        return self.ends.samples(self._device(number).support(count, number))

    def held_out(self, number: int) -> Iterator[NodeSample]:
        return self.ends.samples(self._device(number).query)

    def _device(self, number: int) -> DeviceData:
        return self.family.device(self.group, self.device_of(number))


def always(device: int) -> Callable[[int], int]:
    """A node that is one device."""
    return lambda _number: device


def in_turn(seed: int, node: int, devices: int) -> Callable[[int], int]:
    """A node that stands for another of so many devices in each round, drawn at random."""
    return lambda number: int(np.random.default_rng((seed, node, number)).integers(devices))
