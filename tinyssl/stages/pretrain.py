"""The stage `pretrain`: from a data set to a run that holds a backbone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinyssl.core.child_environment import child_environment
from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import Collapsed, TinysslError, UsageError
from tinyssl.core.memory import keep_freed_memory
from tinyssl.core.plugin_trust import require_named
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record, step_of
from tinyssl.core.resume import held_run
from tinyssl.core.settings import refuse_changes
from tinyssl.data import Dataset, data_config_json, data_config_of, find_reader, load_dataset
from tinyssl.learn.backbones import BackboneInfo, save_backbone
from tinyssl.learn.tasks import find_task
from tinyssl.learn.train.checkpoint import CURRENT, load_checkpoint
from tinyssl.learn.train.device import repeatable
from tinyssl.learn.train.launch import launch_id, unfinished
from tinyssl.learn.train.length import plan_text, verdict
from tinyssl.learn.train.loop import Counters, Trainer, TrainingPlan
from tinyssl.learn.train.metrics import observers_of
from tinyssl.learn.train.observer import MetricsFile, Observer, ObserverFactory, TrainingRun
from tinyssl.learn.train.processes import AUTO, count_processes, share_of
from tinyssl.learn.train.recorded import (
    changed_plugins,
    given_teacher,
    pretrain_json,
    recorded_config,
    refuse_other_images,
    refuse_other_teacher,
    shared_out,
)
from tinyssl.learn.train.schedule import Schedule
from tinyssl.learn.train.setup import TrainingJob, build_job, check_config
from tinyssl.learn.train.team import team
from tinyssl.learn.train.world import World, join_world, one_for_all

BACKBONE_FILE = "backbone.safetensors"
WORKER_MODULE = "tinyssl.stages.pretrain_worker"


def pretrain(
    config: PretrainConfig,
    data: DataConfig,
    workspace: Workspace,
    progress: Progress,
    observers: Sequence[ObserverFactory] = (),
) -> RunRecord:
    """Trains a backbone, or goes on with a run (`config.resume`).

    A resumed run is the one that was started: it takes its settings from its record, and ends with
    the same bits as if it had never stopped (same computer and torch). Under `torchrun` all
    processes call this with the same arguments; the first one writes the record.

    Args:
        config: What to train, and how.
        data: On which images.
        workspace: Where the run's folder is made.
        progress: Told of every step, on the first process only.
        observers: Told of all figures, beside those that the config asks for.

    Raises:
        UsageError: A name or value that cannot be right; a resumed run asked for other settings.
        DataError: Images that cannot be read, too few for a batch, or others than before.
        TrainingError: Non-finite loss, or no sound checkpoint.
        Collapsed: All embeddings became alike.
        KeyboardInterrupt: After Ctrl-C; the run is marked `interrupted` and can be resumed.
    """
    keep_freed_memory()
    with join_world(_resume_device(config, workspace)) as world:
        place = Place(world, workspace, progress if world.main else Silent(), observers)
        with one_for_all(world):
            if config.resume is not None:
                folder = workspace.run_folder(Path(config.resume))
                return _resume(config, data, place, folder)
            before = world.share(unfinished(workspace, config, data) if world.main else None)
            if before is not None:
                return _resume(config, data, place, before.folder)
            return _start(config, data, place)


def _resume_device(config: PretrainConfig, workspace: Workspace) -> str:
    """A resumed run goes on where it was, unless told otherwise."""
    if config.resume is None or config.device != "auto":
        return config.device
    record = read_record(workspace.run_folder(Path(config.resume)))
    return str(record.config.get("device", config.device))


@dataclass(frozen=True)
class Place:
    """Where a training happens, and who is told of it."""

    world: World
    workspace: Workspace
    progress: Progress
    observers: Sequence[ObserverFactory]


def _start(config: PretrainConfig, data: DataConfig, place: Place) -> RunRecord:
    check_config(config, find_reader(data.dataset).value.kind)
    if data.task is not None:
        find_task(data.task)
    dataset = load_dataset(data, place.progress)
    processes = _count_processes(config, dataset, place.world)
    share = share_of(config, processes)
    with _staffed(place, processes, Order(share, data)) as staffed, repeatable(place.world.device):
        state = staffed.world.share(None)  # a further process does not know whether there is one
        job = _build(share, dataset, staffed.world, state, place.progress)
        if job.method.trains:
            place.progress.note(plan_text(job.schedule, asked=config.epochs is not None))
        run = _new_run(job, config, data, staffed) if staffed.world.main else None
        return _run(job, run, state, staffed)


def _count_processes(config: PretrainConfig, dataset: Dataset, world: World) -> int:
    """Of this computer, that the first one starts; 1 under `torchrun`, which started them.

    Raises:
        UsageError: `config.processes` asks for others.
    """
    if world.size == 1:
        return count_processes(config, dataset, world.device)
    if config.processes not in (AUTO, "1"):
        raise UsageError(
            f"torchrun started {world.size} processes, and --processes asks for more",
            hint="leave --processes out",
        )
    return 1


@dataclass(frozen=True)
class Order:
    """What a further process of this computer trains."""

    config: PretrainConfig
    """With its share of the batch"""
    data: DataConfig


@contextmanager
def _staffed(place: Place, processes: int, order: Order) -> Iterator[Place]:
    """The place with so many processes of this computer, of which this one is the first."""
    if processes == 1:
        yield place
        return
    place.progress.note(f"{processes} processes share each batch, with one thread each")
    with (
        team(processes, WORKER_MODULE, order, child_environment(threads=1)) as world,
        one_for_all(world),
    ):
        yield replace(place, world=world)


def train_share(world: World, order: Order) -> None:
    """What a further process of this computer does."""
    place = Place(world, Workspace(Path()), Silent(), ())
    with one_for_all(world), repeatable(world.device):
        dataset, state = load_dataset(order.data, place.progress), world.share(None)
        job = _build(order.config, dataset, world, state, place.progress)
        _run(job, None, state, place)


def _build(
    config: PretrainConfig,
    dataset: Dataset,
    world: World,
    state: dict[str, Any] | None,
    progress: Progress,
) -> TrainingJob:
    """The training; where there is a `state`, the file of the first weights may be gone by now."""
    config = config if state is None else replace(config, init=None)
    return build_job(config, dataset, world, progress)


def _new_run(job: TrainingJob, config: PretrainConfig, data: DataConfig, place: Place) -> RunWriter:
    """The record of a run that was asked for with `config`."""
    content = pretrain_json(replace(job.config, batch_size=config.batch_size)) | job.facts()
    world = place.world
    content |= {"data": data_config_json(data), "processes": world.size, "threads": world.threads}
    launch = launch_id()
    if launch is not None:
        content |= {"launch": launch}
    return place.workspace.start(
        "pretrain",
        content,
        seed=job.config.seed,
        inputs={"init": job.config.init} if job.config.init else {},
        data=job.dataset.as_record(),
    )


def _resume(config: PretrainConfig, data: DataConfig, place: Place, folder: Path) -> RunRecord:
    with held_run(folder, "pretrain", place.progress, main=place.world.main) as record:
        return record if record.status == "complete" else _resume_held(config, data, place, record)


def _resume_held(
    config: PretrainConfig, data: DataConfig, place: Place, record: RunRecord
) -> RunRecord:
    """Goes on with a run whose lock the first process holds."""
    folder = record.folder
    recorded, recorded_data = recorded_config(record), data_config_of(record)
    for name in (recorded.method, recorded.backbone, recorded.teacher or ""):
        require_named(name, folder)
    given = replace(config, resume=None, teacher=given_teacher(config.teacher), processes=AUTO)
    refuse_changes(given, recorded)
    refuse_changes(data, recorded_data)
    dataset = load_dataset(recorded_data, place.progress)
    refuse_other_images(dataset, record)
    processes = _resumed_processes(config, recorded, record, place)
    share = shared_out(recorded, record, processes * place.world.size)
    order = Order(share, recorded_data)
    with _staffed(place, processes, order) as staffed, repeatable(place.world.device):
        world = staffed.world
        state = world.share(load_checkpoint(folder, place.progress) if world.main else None)
        job = _build(share, dataset, world, state, place.progress)
        refuse_other_teacher(job.teacher, record)
        for text in changed_plugins(job.plugins, record):
            place.progress.warn(text)
        run = _reopened(folder, state, job, place) if world.main else None
        return _run(job, run, state, staffed)


def _resumed_processes(
    config: PretrainConfig, recorded: PretrainConfig, record: RunRecord, place: Place
) -> int:
    """Processes of this computer that go on with a run: as many as it had, or as you say now.

    A run of `torchrun` goes on in one process without it.
    """
    if place.world.size > 1:
        return 1
    if config.processes == AUTO:
        return 1 if "launch" in record.config else int(recorded.processes)
    if config.processes != recorded.processes:
        place.progress.warn(
            f"{record.folder.name} had {recorded.processes} processes: with {config.processes} its "
            "weights will be close to those of an unbroken run, not equal to the bit"
        )
    return int(config.processes)


def _reopened(
    folder: Path, state: dict[str, Any] | None, job: TrainingJob, place: Place
) -> RunWriter:
    """The run's writer, rid of what was written after the checkpoint."""
    done = state["counters"]["step"] if state else 0
    place.progress.note(f"resuming {folder.name} at step {done} of {job.schedule.steps}")
    return place.workspace.reopen(folder, keep=lambda row: 0 < step_of(row) <= done)


def _run(
    job: TrainingJob, run: RunWriter | None, state: dict[str, Any] | None, place: Place
) -> RunRecord:
    """Trains from `state`, or from the start; `run` is there on the first process only."""
    with _hints(run, place.progress), run or nullcontext(), one_for_all(place.world):
        try:
            if job.method.trains:
                _train(job, run, state, place)
        except Collapsed:  # its backbone can be probed all the same: a result of the method
            _save(job, run)
            raise
        _save(job, run)
    record: RunRecord = place.world.share(run.record if run is not None else None)
    return record


def _save(job: TrainingJob, run: RunWriter | None) -> None:
    if run is not None:
        config = job.config
        info = BackboneInfo(
            config.backbone,
            config.stem_stride,
            job.dataset.spec,
            job.plugins.get("backbone", {}).get("sha256", ""),
        )
        save_backbone(run.file("backbone", BACKBONE_FILE), job.method.backbone, info)


def _train(
    job: TrainingJob, run: RunWriter | None, state: dict[str, Any] | None, place: Place
) -> None:
    with ExitStack() as stack:
        observers: list[Observer] = []
        if run is not None:
            run.file("checkpoint", CURRENT)
            subject = TrainingRun(run, job.dataset, job.config, job.method, job.schedule.steps)
            found = [*observers_of(subject), *(make(subject) for make in place.observers)]
            for observer in (*found, MetricsFile(subject)):
                observers.append(stack.enter_context(closing(observer)))
        batcher = job.batcher(place.progress)
        if run is not None and job.teacher is not None:
            waited = run.record.results.get("teacher_wait_seconds", 0.0) + job.teacher_wait_seconds
            run.results(teacher_seconds=job.teacher_seconds, teacher_wait_seconds=waited)
        folder = run.folder if run is not None else None
        plan = TrainingPlan(
            job.method, batcher, job.config, job.schedule, place.world, folder, tuple(observers)
        )
        trainer = Trainer(plan)
        if state is not None:
            trainer.restore(state)
        trainer.train(place.progress)
        if run is not None:
            _results(run, job.schedule, trainer.counters)


def _results(run: RunWriter, schedule: Schedule, counters: Counters) -> None:
    seconds = counters.seconds
    run.results(
        loss=counters.last_loss,
        steps=schedule.steps,
        images_seen=schedule.images_seen,
        images_per_second=schedule.images_seen / seconds,
        seconds=seconds,
    )
    if said := verdict(schedule, seconds):
        run.results(verdict=said)


@contextmanager
def _hints(run: RunWriter | None, progress: Progress) -> Iterator[None]:
    """Says how to go on after Ctrl-C, and where a failed run is."""
    folder = run.folder if run is not None else Path()
    try:
        yield
    except KeyboardInterrupt:
        command = f"tinyssl pretrain --resume {shlex.quote(str(folder))}"
        raise KeyboardInterrupt(f"go on with: {command}") from None
    except TinysslError:
        progress.note(f"the failed run is in {folder}")
        raise
