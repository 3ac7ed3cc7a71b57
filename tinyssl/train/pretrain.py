"""The stage `pretrain`: from a data set to a run that holds a backbone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import nn

from tinyssl.backbones import BackboneInfo, build_backbone, save_backbone
from tinyssl.config import DataConfig, PretrainConfig
from tinyssl.datasets import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.errors import DataError, TinysslError, UsageError
from tinyssl.methods import Method, Surroundings, build_method, method_config
from tinyssl.progress import Progress
from tinyssl.records import RunRecord, RunWriter, Workspace, read_record
from tinyssl.train.checkpoint import CURRENT, load_checkpoint
from tinyssl.train.device import pick_device, repeatable
from tinyssl.train.loop import Trainer
from tinyssl.train.schedule import Schedule

BACKBONE_FILE = "backbone.safetensors"

_ADAPTER = TypeAdapter(PretrainConfig)


def pretrain(
    config: PretrainConfig, data: DataConfig, workspace: Workspace, progress: Progress
) -> RunRecord:
    """Trains a backbone without labels, or goes on with a run (`config.resume`).

    A resumed run is the one that was started: it takes its settings from its record, and ends with
    the same bits as if it had never stopped (same computer and torch).

    Raises:
        UsageError: A name or value that cannot be right; a resumed run asked for other settings.
        DataError: Images that cannot be read, too few for a batch, or others than before.
        TrainingError: Non-finite loss, or no sound checkpoint.
        KeyboardInterrupt: After Ctrl-C; the run is marked `interrupted` and can be resumed.
    """
    if config.resume is not None:
        return _resume(config, data, workspace, progress)
    options = method_config(config.method, config.method_options)
    device = pick_device(config.device)
    build_backbone(config.backbone, config.stem_stride)  # a wrong name fails before the data load
    dataset = load_dataset(data, progress)
    schedule = _schedule(config, dataset)
    content = _ADAPTER.dump_python(config, mode="json", exclude={"resume"})
    content |= {"method_config": asdict(options), "data": data_config_json(data)}
    run = workspace.start("pretrain", content, seed=config.seed, data=dataset.as_record())
    with _hints(run, progress), run, repeatable(device):
        trainer = Trainer(_fresh_method(config, device), dataset, config, schedule, run)
        _train(trainer, dataset, progress)
    return run.record


def _resume(
    config: PretrainConfig, data: DataConfig, workspace: Workspace, progress: Progress
) -> RunRecord:
    folder = Path(config.resume or "")
    record = read_record(folder)
    if record.kind != "pretrain":
        raise UsageError(f"{folder} is a {record.kind} run", hint="name a pretrain run")
    if record.status == "complete":
        progress.note(f"{folder} is complete: nothing to resume")
        return record
    recorded, recorded_data = recorded_config(record), data_config_of(record)
    _refuse_changes(replace(config, resume=None), recorded)
    _refuse_changes(data, recorded_data)
    device = pick_device(recorded.device)
    dataset = load_dataset(recorded_data, progress)
    if dataset.fingerprint != record.data["fingerprint"]:
        raise DataError(
            f"the images are not those of {folder}: fingerprint {dataset.fingerprint[:12]}…, "
            f"was {record.data['fingerprint'][:12]}…",
            hint="restore the images, or start again without --resume",
        )
    for half_written in folder.glob(".*.tmp"):  # of atomic writes that a crash cut short
        half_written.unlink()
    state = load_checkpoint(folder, progress)
    done = state["counters"]["step"] if state else 0
    run = workspace.reopen(folder, keep=lambda row: row["step"] <= done)
    with _hints(run, progress), run, repeatable(device):
        method = _fresh_method(recorded, device)
        trainer = Trainer(method, dataset, recorded, _schedule(recorded, dataset), run)
        if state is not None:
            trainer.restore(state)
        progress.note(f"resuming {folder.name} at step {done} of {trainer.schedule.steps}")
        _train(trainer, dataset, progress)
    return run.record


def recorded_config(record: RunRecord) -> PretrainConfig:
    """The config with which a pretrain run was started."""
    known = {field.name for field in fields(PretrainConfig)}
    content = {name: value for name, value in record.config.items() if name in known}
    return _ADAPTER.validate_python(content)


def _refuse_changes(given: Any, recorded: Any) -> None:
    """A resumed run keeps its settings: one that was given and differs is a mistake."""
    for field in fields(given):
        value, before = getattr(given, field.name), getattr(recorded, field.name)
        default = getattr(type(given)(), field.name)
        same = value == before or (isinstance(value, Path) and value.absolute() == before)
        if not same and value != default:
            option = field.name.replace("_", "-")
            raise UsageError(
                f"the run to resume has {option} {before}, not {value}",
                hint=f"leave --{option} out, or start a new run without --resume",
            )


def _schedule(config: PretrainConfig, dataset: Dataset) -> Schedule:
    images = len(dataset.train)
    if images < config.batch_size:
        raise DataError(
            f"{images} training images do not fill a batch of {config.batch_size}",
            hint=f"add images, or use --batch-size {max(images // 2, 2)}",
        )
    return Schedule(images, config.batch_size, config.epochs, config.warmup_epochs)


def _fresh_method(config: PretrainConfig, device: torch.device) -> Method:
    """The method with weights that follow from the seed; the backbone's are drawn first."""
    torch.manual_seed(config.seed)
    backbone = build_backbone(config.backbone, config.stem_stride)
    options = method_config(config.method, config.method_options)
    method = build_method(config.method, backbone, options, Surroundings())
    return nn.utils.convert_conv2d_weight_memory_format(method.to(device), torch.channels_last)


def _train(trainer: Trainer, dataset: Dataset, progress: Progress) -> None:
    run, config = trainer.run, trainer.config
    run.file("checkpoint", CURRENT)
    trainer.train(progress)
    info = BackboneInfo(config.backbone, config.stem_stride, dataset.images.shape[1])
    save_backbone(run.file("backbone", BACKBONE_FILE), trainer.method.backbone, info)
    seconds = trainer.counters.seconds
    run.results(
        loss=trainer.counters.last_loss,
        images_per_second=trainer.schedule.steps * config.batch_size / seconds,
        seconds=seconds,
    )


@contextmanager
def _hints(run: RunWriter, progress: Progress) -> Iterator[None]:
    """Says how to go on after Ctrl-C, and where a failed run is."""
    try:
        yield
    except KeyboardInterrupt:
        folder = shlex.quote(str(run.folder))
        raise KeyboardInterrupt(f"go on with: tinyssl pretrain --resume {folder}") from None
    except TinysslError:
        progress.note(f"the failed run is in {run.folder}")
        raise
