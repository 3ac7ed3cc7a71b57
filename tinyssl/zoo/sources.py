"""The runs behind a model: conversion, probe and pretraining, its check and its measurement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.records import RunRecord, Workspace, read_record, sha256_of


@dataclass(frozen=True)
class Sources:
    """All complete."""

    pretrain: RunRecord
    probe: RunRecord
    convert: RunRecord
    bench: RunRecord
    """On the emulated board or a real one"""
    verify: RunRecord | None
    """On the host"""


def find_sources(run: Path | None, workspace: Workspace) -> Sources:
    """Follows the records of a convert run in both directions.

    Args:
        run: Folder of a convert run; None: the last one.
        workspace: Where its runs are.

    Raises:
        UsageError: A run is missing; the hint names the command that makes it.
    """
    convert = read_record(workspace.run_folder(run)) if run else workspace.latest("convert")
    if convert.kind != "convert":
        raise UsageError(f"{convert.folder} is a {convert.kind} run", hint="name a convert run")
    if convert.status != "complete":
        raise UsageError(f"{convert.folder} is {convert.status}", hint="run `tinyssl convert`")
    probe = _parent_run(convert, workspace)
    pretrain = _parent_run(probe, workspace)
    sha256 = sha256_of(convert.path("model"))
    measured = [run for run in _runs_using(workspace, "bench", sha256) if "equal" in run.results]
    if not measured:
        raise UsageError(
            f"the model of {convert.folder.name} was not measured on a board",
            hint="`tinyssl build --board mps2_an500`, then `tinyssl flash` and `tinyssl bench`",
        )
    verified = _runs_using(workspace, "verify", sha256)
    return Sources(pretrain, probe, convert, measured[-1], next(reversed(verified), None))


def _parent_run(run: RunRecord, workspace: Workspace) -> RunRecord:
    """The run that `run` was made from."""
    named = run.config.get("run")
    if not named:
        raise UsageError(
            f"{run.folder} does not say which run it was made from",
            hint="only models whose pretraining is recorded go into the zoo",
        )
    return read_record(workspace.run_folder(Path(str(named))))


def _runs_using(workspace: Workspace, kind: str, sha256: str) -> list[RunRecord]:
    """Complete runs of a kind that read the file with this hash, oldest first."""
    found = []
    for run in workspace.all(kind):
        hashes = {entry.get("sha256") for entry in run.inputs.values()}
        if run.status == "complete" and sha256 in hashes:
            found.append(run)
    return found


def class_names(probe: RunRecord) -> tuple[str, ...]:
    """Names of the classes, in the order of the outputs."""
    try:
        return tuple(map(str, probe.json("confusion")["class_names"]))
    except (KeyError, TypeError) as error:
        raise TinysslError(
            f"{probe.folder} has no readable class names: {error}", hint="run `tinyssl probe` again"
        ) from error
