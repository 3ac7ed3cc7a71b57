"""From a step's number to its batch, on the device that trains."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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

MOVED = 4096
"""Samples that are moved to the device at once"""
DEVICE_SHARE = 0.5
"""Samples live on the GPU where they fill less than this share of its free memory"""


class TrainingSamples:
    """The training samples: on the device where they fit, else where the data set has them.

    Samples in shards are read one batch ahead, while the network learns from the batch before.
    """

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        self._device = device
        self._samples, self._rows = dataset.samples, dataset.train
        self._resident: Tensor | None = None
        in_memory = isinstance(dataset.samples, np.ndarray)
        self._reader = None if in_memory else ThreadPoolExecutor(1)
        self._ahead: tuple[bytes, Future[NDArray[Any]]] | None = None
        if self._fits(dataset.samples[:1].nbytes * len(dataset.train)):
            self._resident = self._moved()

    def _fits(self, size: int) -> bool:
        """Never on the CPU, where the samples are already."""
        if self._device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(self._device)
        return size < free * DEVICE_SHARE

    def _moved(self) -> Tensor:
        """All training samples on the device, moved in parts."""
        part = self._samples[:1]
        shape = (len(self._rows), *part.shape[1:])
        whole = torch.empty(shape, dtype=torch.from_numpy(part).dtype, device=self._device)
        for start in range(0, len(whole), MOVED):
            rows = self._rows[start : start + MOVED]
            whole[start : start + MOVED] = torch.from_numpy(self._samples[rows])
        return whole

    def read(self, positions: NDArray[np.int64], then: NDArray[np.int64]) -> Tensor:
        """(b, …) of the samples at `positions` in train; those at `then` are wanted next."""
        if self._resident is not None:
            where = torch.from_numpy(positions).pin_memory().to(self._device, non_blocking=True)
            return self._resident[where]
        found = torch.from_numpy(self._read(positions, then))
        if self._device.type == "cuda":
            found = found.pin_memory()
        return found.to(self._device, non_blocking=True)

    def _read(self, positions: NDArray[np.int64], then: NDArray[np.int64]) -> NDArray[Any]:
        read = self._samples.__getitem__
        if self._reader is None:
            return np.asarray(read(self._rows[positions]))
        key, future = self._ahead or (b"", None)
        if future is None or key != positions.tobytes():
            future = self._reader.submit(read, self._rows[positions])
        found = future.result()
        self._ahead = (then.tobytes(), self._reader.submit(read, self._rows[then]))
        return found


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
        positions = self._positions(step, part)
        epoch = self._schedule.epoch(step)
        spec = self._method.views(step / self._schedule.steps)
        torch.manual_seed(step_seed(self._config.seed, step))
        source = self._target_source
        first = source.crops(spec, positions, epoch) if source else None
        samples = self._samples.read(positions, self._positions(*self._after(step, part)))
        views = make_views(samples, spec, first, rows=rows)
        targets = source.targets(spec, positions, epoch, views[0]) if source else None
        return Batch(views, targets, self._labels_of(positions))

    def _positions(self, step: int, part: int) -> NDArray[np.int64]:
        rows = self._rows(part)
        return self._schedule.batch(step, self._config.seed)[rows.start : rows.stop]

    def _after(self, step: int, part: int) -> tuple[int, int]:
        """Step and part of the next batch; after the last one, that one again."""
        if part + 1 < self._config.accumulate:
            return step, part + 1
        return (step + 1, 0) if step + 1 < self._schedule.steps else (step, part)

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
