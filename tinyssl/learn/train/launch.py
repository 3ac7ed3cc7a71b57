"""Runs that `torchrun` starts again: the same command goes on with the same run."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.optimizers import settled
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import data_config_json, data_config_of
from tinyssl.learn.train.recorded import given_teacher, recorded_config
from tinyssl.learn.train.world import launched_by_torchrun


def launch_id() -> str | None:
    """What all restarts of one `torchrun` have in common; None without it.

    That is the job's own id (`--rdzv-id`, which a scheduler's requeued job gives again), or, where
    none was given, this computer and the process of `torchrun`.
    """
    if not launched_by_torchrun():
        return None
    run_id = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return f"{socket.gethostname()}:{os.getppid()}" if run_id == "none" else run_id


def unfinished(workspace: Workspace, config: PretrainConfig, data: DataConfig) -> RunRecord | None:
    """The run that this launch started before it was restarted, where it is to be gone on with.

    It has the same launch id, settings and data, and is not complete.
    """
    launch = launch_id()
    if launch is None:
        return None
    wanted = replace(config, resume=None, teacher=given_teacher(config.teacher))
    for run in workspace.newest("pretrain"):
        if run.config.get("launch") != launch or run.status == "complete":
            continue
        try:
            recorded = settled(recorded_config(run))
            epochs = wanted.epochs or recorded.epochs  # left open, a run decides by its images
            processes = recorded.processes  # the launch says how many
            same = recorded == settled(replace(wanted, epochs=epochs, processes=processes))
            same = same and data_config_of(run) == _absolute(data)
        except UsageError:
            continue
        if same:
            return run
    return None


def _absolute(data: DataConfig) -> DataConfig:
    path = data_config_json(data)["data_path"]
    return replace(data, data_path=path) if path else data
