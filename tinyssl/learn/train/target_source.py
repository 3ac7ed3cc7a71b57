"""Where a teacher's targets come from during training: the cache on disk, or the teacher itself."""

from __future__ import annotations

import abc

import torch
from torch import Tensor

from tinyssl.core.config import PretrainConfig
from tinyssl.core.progress import Progress
from tinyssl.data import Dataset
from tinyssl.data.augment import Crops, Geometry, ViewSpec
from tinyssl.data.base import Indices
from tinyssl.learn.methods import Targets, ViewStage
from tinyssl.learn.teachers import Teacher
from tinyssl.learn.teachers.cache import CachedTargets, CachePlan, cached_targets, teacher_targets
from tinyssl.learn.train.world import World

CROPS_SEED = 0
"""Seed of the fixed crops: the same for all runs, so that they share one cache"""


class TargetSource(abc.ABC):
    """Gives the targets of a batch, and says how its first views must be cropped."""

    seconds: float = 0.0
    """Time that the targets took before the training, by whichever runs computed them"""

    @abc.abstractmethod
    def crops(self, spec: ViewSpec, positions: Indices, epoch: int) -> Crops | None:
        """Crops of the first views of the images at `positions` in train; None: any will do."""

    @abc.abstractmethod
    def targets(self, spec: ViewSpec, positions: Indices, epoch: int, view: Tensor) -> Targets:
        """Targets for these first views, on the device of `view`."""


class OnlineTargets(TargetSource):
    """The teacher looks at every first view as the student sees it, colours included."""

    def __init__(self, teacher: Teacher, grid: int) -> None:
        self._teacher = teacher
        self._grid = grid

    def crops(self, spec: ViewSpec, positions: Indices, epoch: int) -> Crops | None:
        return None

    def targets(self, spec: ViewSpec, positions: Indices, epoch: int, view: Tensor) -> Targets:
        return teacher_targets(self._teacher, view, self._grid)


class CachedTargetSource(TargetSource):
    """Targets of a few fixed crops an image, without colour changes, computed beforehand.

    Every epoch takes the next of an image's crops, so all are used equally often; a run's seed says
    with which it starts.
    """

    def __init__(self, caches: dict[Geometry, CachedTargets], seed: int) -> None:
        self._caches = caches
        self._seed = seed
        self.seconds = sum(targets.seconds for targets in caches.values())

    def copy(self, geometry: Geometry, epoch: int) -> int:
        """Which of the fixed crops an epoch uses."""
        return (self._seed + epoch) % self._caches[geometry].copies

    def crops(self, spec: ViewSpec, positions: Indices, epoch: int) -> Crops | None:
        geometry = first_geometry(spec)
        everywhere = self._caches[geometry].crops(self.copy(geometry, epoch))
        return everywhere[torch.from_numpy(positions)]

    def targets(self, spec: ViewSpec, positions: Indices, epoch: int, view: Tensor) -> Targets:
        geometry = first_geometry(spec)
        return self._caches[geometry].read(positions, self.copy(geometry, epoch))


def first_geometry(spec: ViewSpec) -> Geometry:
    """Of the first view: the one that teachers look at."""
    geometry: Geometry = spec.groups[0].options.geometry
    return geometry


def cached_target_source(
    teacher: Teacher,
    dataset: Dataset,
    config: PretrainConfig,
    stages: tuple[ViewStage, ...],
    world: World,
    progress: Progress,
) -> CachedTargetSource:
    """Computes what the cache lacks, one geometry of the curriculum after the other.

    Many processes share the work where they share the disk: each takes entries that no other is at.
    """
    plan = CachePlan(crops=config.teacher_crops, grid=config.teacher_grid, seed=CROPS_SEED)
    geometries = dict.fromkeys(first_geometry(stage.views) for stage in stages)
    found = [cached_targets(teacher, dataset, each, plan, progress) for each in geometries]
    world.wait()
    resident = [targets.to(world.device) for targets in found]
    return CachedTargetSource(dict(zip(geometries, resident, strict=True)), config.seed)
