"""What a training is made of, built from its config: data, teacher, method, plan."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import nn

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.optimizers import settled
from tinyssl.core.progress import Progress
from tinyssl.data import Dataset
from tinyssl.data.splits import LEAST_TRAIN
from tinyssl.learn.backbones import (
    build_backbone,
    check_name,
    copy_weights,
    find_backbone,
    initial_weights,
)
from tinyssl.learn.methods import (
    Method,
    MethodContext,
    build_method,
    find_method,
    method_config,
    view_options,
)
from tinyssl.learn.tasks import find_task, task_of
from tinyssl.learn.teachers import Teacher, build_teacher, fast, teacher_spec_of
from tinyssl.learn.train.batches import Batcher, Material
from tinyssl.learn.train.metrics import require_installed
from tinyssl.learn.train.optimizers import learning_rate_of
from tinyssl.learn.train.recorded import given_teacher
from tinyssl.learn.train.schedule import Schedule, default_epochs
from tinyssl.learn.train.sync_norm import share_norms
from tinyssl.learn.train.target_source import OnlineTargets, TargetSource, cached_target_source
from tinyssl.learn.train.world import World


def check_config(config: PretrainConfig, kind: str | None = "image") -> None:
    """Finds mistakes that need no data, before the seconds that loading it takes.

    Args:
        config: What to train, and how.
        kind: Of the samples; None: known when they are loaded.

    Raises:
        UsageError: A name or option that cannot be right, or a teacher that is missing.
        TrainingError: The file of the first weights is missing or damaged.
    """
    if kind is not None:
        method_config(config.method, config.method_options, kind)
        view_options(config.method, config.method_options, kind)
    check_name(config.backbone, config.stem_stride)
    if config.init is not None:
        initial_weights(config.init, config.backbone)
    require_installed(config)
    if find_method(config.method).value.needs_teacher:
        teacher_spec_of(config)


@dataclass
class TrainingJob:
    """One training, built but not started."""

    config: PretrainConfig
    """Its number of epochs is never left open"""
    dataset: Dataset
    world: World
    teacher: Teacher | None
    method: Method
    """On the device that trains"""
    schedule: Schedule
    plugins: dict[str, dict[str, str]] = field(default_factory=dict)
    """method, backbone, task -> where a plug-in of that kind comes from"""
    teacher_seconds: float = field(default=0.0)
    """Time that the teacher's features took, by whichever runs computed them"""
    teacher_wait_seconds: float = field(default=0.0)
    """What of it was spent here; near 0 where they were cached already"""

    def batcher(self, progress: Progress) -> Batcher:
        """Makes batches; before that it computes the teacher's features that the cache lacks."""
        started = time.perf_counter()
        source = self._target_source(progress)
        self.teacher_wait_seconds = time.perf_counter() - started
        self.teacher_seconds = source.seconds if source is not None else 0.0
        material = Material(self.dataset, self.method, source)
        return Batcher(material, self.config, self.schedule, self.world)

    def _target_source(self, progress: Progress) -> TargetSource | None:
        if self.teacher is None:
            return None
        if self.config.teacher_mode == "online":
            return OnlineTargets(self.teacher, self.config.teacher_grid)
        teacher, stages = fast(self.teacher, progress), self.method.stages()
        return cached_target_source(
            teacher, self.dataset, self.config, stages, self.world, progress
        )

    def facts(self) -> dict[str, Any]:
        """What the record says beside the options: parameters, processes, the teacher."""
        learning = (p for p in self.method.parameters() if p.requires_grad and self.method.trains)
        trained = sum(p.numel() for p in learning)
        backbone = sum(p.numel() for p in self.method.backbone.parameters())
        facts: dict[str, Any] = {
            "method_config": asdict(self.method.config),
            "parameters": {"backbone": backbone, "trained": trained},
            "global_batch": self.schedule.batch_size,
            "labels_used": self.method.needs_labels,
        }
        if self.plugins:
            facts["plugins"] = self.plugins
        if self.method.context.views is not None:
            facts["views"] = asdict(self.method.context.views)
        if self.teacher is not None:
            info = self.teacher.info
            facts["teacher"] = {
                "name": info.name,
                "image_size": info.image_size,
                "sha256": info.sha256,
                "supervised": info.supervised,
                "source": info.source,
                "given": given_teacher(self.config.teacher),
            }
        return facts


def build_job(
    config: PretrainConfig, dataset: Dataset, world: World, progress: Progress
) -> TrainingJob:
    """Teacher, method and schedule; the backbone's weights are drawn first, from the seed.

    With `config.init` the weights of that file take their place.

    Raises:
        DataError: Too few images for a batch, or no labels for a method that needs them.
        UsageError: The teacher is unknown or cannot be had.
    """
    schedule = make_schedule(config, dataset, world)
    config = settled(replace(config, epochs=schedule.epochs))
    kind = find_method(config.method).value
    spec = dataset.spec
    if kind.needs_labels and task_of(dataset, dataset.task) is None:
        raise DataError(
            f"{config.method} learns from labels, and {dataset.name} has none",
            hint="use another --method, or --dataset folder with a subfolder for each class",
        )
    teacher = None
    if kind.needs_teacher and spec.kind != "image":
        raise UsageError(
            f"{config.method} learns from a teacher of images; {dataset.name} holds {spec.noun}s",
            hint="use --method simclr, byol, dino, swav, moco_v2 or supervised",
        )
    if kind.needs_teacher:
        teacher = build_teacher(teacher_spec_of(config), progress).to(world.device)
    torch.manual_seed(config.seed)
    backbone = build_backbone(config.backbone, config.stem_stride, spec)
    if config.init is not None:
        copy_weights(config.init, backbone, config.backbone)
    options = method_config(config.method, config.method_options, spec.kind)
    around = replace(
        _method_context(dataset, teacher),
        views=view_options(config.method, config.method_options, spec.kind),
    )
    method = build_method(config.method, backbone, options, around)
    nn.utils.convert_conv2d_weight_memory_format(method.to(world.device), torch.channels_last)
    if world.size > 1:
        share_norms(method, world, synchronised=config.sync_batch_norm)
    origins = plugin_origins(config, dataset.task)
    return TrainingJob(config, dataset, world, teacher, method, schedule, origins)


def plugin_origins(config: PretrainConfig, task: str | None) -> dict[str, dict[str, str]]:
    """Where method, backbone and task come from, of those that are plug-ins, for a record."""
    origins = {
        "method": find_method(config.method).origin,
        "backbone": find_backbone(config.backbone).origin,
        "task": find_task(task).origin if task else None,
    }
    return {name: origin.as_record() for name, origin in origins.items() if origin is not None}


def _method_context(dataset: Dataset, teacher: Teacher | None) -> MethodContext:
    task = task_of(dataset, dataset.task)
    return MethodContext(
        summary_dim=teacher.info.summary_dim if teacher else 0,
        token_dim=teacher.info.token_dim if teacher else 0,
        classes=task.output_size(dataset) if task else 0,
        image_size=dataset.spec.shape[0] if dataset.spec.kind == "image" else 0,
        **({"task": task} if task else {}),
    )


def make_schedule(config: PretrainConfig, dataset: Dataset, world: World) -> Schedule:
    """Steps, epochs and learning rates.

    Raises:
        DataError: Fewer training images than one step takes.
        UsageError: The learning rate would end above its peak.
    """
    images, batch = len(dataset.train), config.batch_size * config.accumulate * world.size
    if images < batch:
        raise DataError(
            f"{images} training images do not fill a batch of {batch}"
            f"{_factors(config, world) if batch != config.batch_size else ''}",
            hint=_smaller_batch(config, images, world),
        )
    epochs = config.epochs or default_epochs(images)
    return Schedule(images, batch, epochs, config.warmup_epochs, learning_rate_of(config, batch))


def _factors(config: PretrainConfig, world: World) -> str:
    processes = f", {world.size} processes" if world.size > 1 else ""
    accumulated = f", {config.accumulate} of them accumulated" if config.accumulate > 1 else ""
    return f" (--batch-size {config.batch_size}{accumulated}{processes})"


def _smaller_batch(config: PretrainConfig, images: int, world: World) -> str:
    """Settings that suit so many training images, of which there are at least two."""
    size = images // (config.accumulate * world.size)
    if size >= LEAST_TRAIN:
        return f"add images, or use --batch-size {size}"
    accumulate = images // (LEAST_TRAIN * world.size)
    if accumulate:
        return f"add images, or use --batch-size {LEAST_TRAIN} --accumulate {accumulate}"
    return (
        f"add images, or start {images // LEAST_TRAIN} processes with "
        f"--batch-size {LEAST_TRAIN} --accumulate 1"
    )
