"""From a step's number to its batch, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinyssl.core.config import PretrainConfig
from tinyssl.data import Dataset
from tinyssl.data.augment import Rows, make_views
from tinyssl.learn.methods import Batch, Method
from tinyssl.learn.train.schedule import Schedule, step_seed
from tinyssl.learn.train.target_source import TargetSource
from tinyssl.learn.train.world import World

DEVICE_SHARE = 0.5
"""Samples live on the GPU where they fill less than this share of its free memory"""


class TrainingSamples:
    """The training samples as they are stored: on the device where they fit, else in memory."""

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        self._device = device
        self._stored = torch.from_numpy(dataset.samples)
        self._rows: NDArray[np.int64] | None = dataset.train
        if self._fits(dataset.samples[:1].nbytes * len(dataset.train)):
            self._stored = self._stored[torch.from_numpy(dataset.train)].to(device)
            self._rows = None

    def _fits(self, size: int) -> bool:
        """Never on the CPU, where the samples are already."""
        if self._device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(self._device)
        return size < free * DEVICE_SHARE

    def read(self, positions: NDArray[np.int64]) -> Tensor:
        """(b, …) of the samples at `positions` in train."""
        if self._rows is None:
            where = torch.from_numpy(positions).pin_memory().to(self._device, non_blocking=True)
            return self._stored[where]
        found = self._stored[torch.from_numpy(self._rows[positions])]
        if self._device.type == "cuda":
            found = found.pin_memory()
        return found.to(self._device, non_blocking=True)


@dataclass(frozen=True)
class Material:
    """What batches are made from."""

    dataset: Dataset
    method: Method
    """Says which views it wants"""
    source: TargetSource | None
    """Where the method `needs_teacher`"""


class Batcher:
    """Batches by step: the same for the same seed and step, whatever came before.

    A step's global batch has `schedule.batch_size` rows: `accumulate` parts, each cut among the
    processes in the order of their ranks. Every process draws the random numbers of the whole batch
    (some twenty an image and view) and uses those of its rows: so an image gets the same views
    whatever the number of processes and parts.
    """

    def __init__(
        self, material: Material, config: PretrainConfig, schedule: Schedule, world: World
    ) -> None:
        self._method = material.method
        self._target_source = material.source
        self._config = config
        self._schedule = schedule
        self._world = world
        self._samples = TrainingSamples(material.dataset, world.device)
        self._labels: Tensor | None = None
        if self._method.needs_labels:
            task = self._method.context.task
            labels = task.training_answers(material.dataset, material.dataset.train)
            self._labels = torch.from_numpy(labels).to(world.device)

    def batch(self, step: int, part: int = 0) -> Batch:
        """Rows of this process, of one part of a step's batch."""
        rows = self._rows(part)
        positions = self._schedule.batch(step, self._config.seed)[rows.start : rows.stop]
        epoch = self._schedule.epoch(step)
        spec = self._method.views(step / self._schedule.steps)
        torch.manual_seed(step_seed(self._config.seed, step))
        source = self._target_source
        first = source.crops(spec, positions, epoch) if source else None
        views = make_views(self._samples.read(positions), spec, first, rows=rows)
        targets = source.targets(spec, positions, epoch, views[0]) if source else None
        return Batch(views, targets, self._labels_of(positions))

    def _rows(self, part: int) -> Rows:
        """Of the global batch."""
        size = self._config.batch_size
        start = (part * self._world.size + self._world.rank) * size
        return Rows(start, start + size, self._schedule.batch_size)

    def _labels_of(self, positions: NDArray[np.int64]) -> Tensor | None:
        if self._labels is None:
            return None
        where = torch.from_numpy(positions).to(self._labels.device, non_blocking=True)
        return self._labels[where]
