"""What a pretrain run said when it was started, and what must still hold when it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tinyssl.core.config import PretrainConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord
from tinyssl.data import Dataset
from tinyssl.learn.teachers import TEACHERS, Teacher
from tinyssl.learn.train.processes import share_of


def pretrain_json(config: PretrainConfig) -> dict[str, Any]:
    """The config as plain JSON values: what a record stores."""
    init = config.init.absolute() if config.init else None
    return config_json(replace(config, init=init), exclude={"resume"})


def recorded_config(record: RunRecord) -> PretrainConfig:
    """The config with which a pretrain run was started.

    Raises:
        UsageError: The record is damaged.
    """
    known = {field.name for field in fields(PretrainConfig)}
    content = {name: value for name, value in record.config.items() if name in known}
    content.setdefault("processes", 1)  # of runs from before there were more
    if isinstance(content.get("teacher"), dict):  # the record says more of it than its name
        content["teacher"] = content["teacher"].get("given")
    return record.checked(PretrainConfig, content)


def given_teacher(teacher: str | None) -> str | None:
    """The name, or the absolute path, so that a run can be resumed from another folder."""
    if teacher is None or teacher in TEACHERS:
        return teacher
    path = Path(teacher)
    return str(path.absolute()) if path.exists() else teacher


def refuse_other_images(dataset: Dataset, record: RunRecord) -> None:
    """Raises DataError where the images are not those of the run."""
    now, before = dataset.fingerprint, Fields(record.data).text("fingerprint")
    if now != before:
        raise DataError(
            f"the images are not those of {record.folder}: fingerprint {now[:12]}…, was "
            f"{before[:12]}…",
            hint="restore the images, or start again without --resume",
        )


def refuse_other_teacher(teacher: Teacher | None, record: RunRecord) -> None:
    """Raises UsageError where the teacher's weights are not those of the run."""
    if teacher is None:
        return
    now, before = teacher.info.sha256, Fields(record.config).fields("teacher").text("sha256")
    if now != before:
        raise UsageError(
            f"the teacher is not that of {record.folder}: SHA-256 {now[:12]}…, was {before[:12]}…",
            hint="restore its weights, or start again without --resume",
        )


def changed_plugins(now: Mapping[str, Mapping[str, str]], record: RunRecord) -> list[str]:
    """A sentence for each plug-in whose file is not the one that the run began with."""
    before = Fields(record.config).fields("plugins")
    return [
        f"{origin['source']} changed since {record.folder.name} began: SHA-256 "
        f"{origin['sha256'][:12]}…, was {was[:12]}…"
        for name, origin in now.items()
        if (was := before.fields(name).text("sha256")) != origin["sha256"]
    ]


def shared_out(config: PretrainConfig, record: RunRecord, processes: int) -> PretrainConfig:
    """The config with which `processes` make the batch of a recorded run between them.

    The batch of a step stays as large. Where one process of this computer was told the whole batch,
    each accumulated part is divided; after `torchrun`, which gives each process a batch of its own,
    there are more or fewer accumulated parts, else parts of another size.

    Raises:
        UsageError: It cannot be divided.
    """
    given = Fields(record.config).integer("global_batch")
    whole = config.batch_size * config.accumulate if given is None else given
    if whole == config.batch_size * config.accumulate and config.batch_size % processes == 0:
        return share_of(config, processes)
    if whole % (config.batch_size * processes) == 0:
        return replace(config, accumulate=whole // (config.batch_size * processes))
    if whole % processes or whole // processes < 2:
        raise UsageError(
            f"{processes} processes cannot share the run's batch of {whole} images",
            hint=f"resume it with a number of processes that divides {whole}",
        )
    return replace(config, batch_size=whole // processes, accumulate=1)
