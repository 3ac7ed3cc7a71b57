"""From one bench run back to the images: its build, conversion, probe, pretraining and check.

Links that are followed (each may be missing; the report then says so and leaves the section out):

* bench -> build: the file `build` of the bench run (a copy of `tinyssl_build.json`), else the input
  `build`, else `build/<board>/` where `config.board` or `results.board` names the board.
* build -> convert: `BuildInfo.data_run`.
* convert -> probe -> pretrain: the folder of an input file, or `config.run`.
* verify: the last run with an input of the build's `model_sha256`.
* the `build`, `flash` and `learn` runs: the last ones whose `results.build_id` is the build's.
* the `federate` run: the last one whose `results.builds` has the build's id for its board.

A record's paths are those of the workspace that it is read from (`core.places`), so a workspace
that was copied, moved or unpacked elsewhere still gives its report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyssl.core.built import BuildInfo, read_build
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.files import Unreadable
from tinyssl.core.places import exists
from tinyssl.core.records import RECORD, RunRecord, Workspace, read_record
from tinyssl.report.compare import ComparedRow
from tinyssl.report.seeds import over_seeds
from tinyssl.targets.boards import Board, find_board, read_board


@dataclass(frozen=True)
class Chain:
    """The records behind one measurement."""

    bench: RunRecord
    build: BuildInfo | None = None
    board: Board | None = None
    build_run: RunRecord | None = None
    flash_run: RunRecord | None = None
    learn: RunRecord | None = None
    """The last `tinyssl learn` with this build"""
    federate: RunRecord | None = None
    """The last federation that this build took part in"""
    convert: RunRecord | None = None
    verify: RunRecord | None = None
    probe: RunRecord | None = None
    pretrain: RunRecord | None = None
    seeds: ComparedRow | None = None
    """Pretrainings that differ from `pretrain` in the seed only, and it; None where it is alone"""
    missing: dict[str, str] = field(default_factory=dict)
    """link -> sentence that says why it is not there"""

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The records that were found, in the order in which they happened."""
        found = (
            self.pretrain,
            self.probe,
            self.convert,
            self.verify,
            self.build_run,
            self.flash_run,
            self.bench,
        )
        return tuple(run for run in found if run is not None)


def results(run: RunRecord | None) -> Fields:
    """Final figures of a run, empty where there is no run."""
    return Fields(run.results if run is not None else None)


def stored_json(run: RunRecord | None, name: str) -> Any:
    """The JSON file that a run stored under `name`; None where it is missing or damaged."""
    if run is None:
        return None
    try:
        return run.json(name)
    except TinysslError:
        return None


def follow(bench: RunRecord, workspace: Workspace) -> Chain:
    """Finds every record behind a bench run."""
    missing: dict[str, str] = {}
    build = _build(bench, workspace)
    if build is None:
        missing["build"] = "The bench run names no build, so there are no memory figures."
    convert = _convert(build, bench)
    probe = _linked(convert, "probe")
    pretrain = _linked(probe, "pretrain") or _linked(convert, "pretrain")
    sha256 = Fields(vars(build) if build else None).text("model_sha256")
    verify = _with_input(workspace, "verify", sha256)
    if convert is None:
        missing["convert"] = (
            "The model does not come from a conversion in this workspace, so its accuracy in"
            " float, its probe and its training are not known."
        )
    elif probe is None:
        missing["probe"] = "The conversion names no probe run that is still there."
    if convert is not None and pretrain is None:
        missing["pretrain"] = "No pretraining run is left, so there is no training curve."
    if verify is None:
        missing["verify"] = (
            "No `tinyssl verify` record of this model: no signal-to-noise ratio per layer."
        )
    return Chain(
        bench=bench,
        build=build,
        board=_board(build, bench, workspace),
        build_run=_of_build("build", build, workspace),
        flash_run=_of_build("flash", build, workspace),
        learn=_of_build("learn", build, workspace),
        federate=_federation(build, workspace),
        convert=convert,
        verify=verify,
        probe=probe,
        pretrain=pretrain,
        seeds=over_seeds(pretrain, workspace),
        missing=missing,
    )


def _board(build: BuildInfo | None, bench: RunRecord, workspace: Workspace) -> Board | None:
    """The board, where it is known by its name, else from the copy in its build's folder."""
    name = build.board if build is not None else _board_name(bench)
    try:
        return find_board(str(name))
    except (UsageError, OSError):
        pass
    try:
        return read_board(workspace.builds / str(name) / "boards" / f"{name}.json")
    except (UsageError, OSError):
        return None


def _board_name(bench: RunRecord) -> str:
    return results(bench).text("board") or Fields(bench.config).text("board")


def _build(bench: RunRecord, workspace: Workspace) -> BuildInfo | None:
    named = Fields(bench.files).text("build")
    folders = [bench.folder / named] if named else []
    folders += map(Path, _input_paths(bench))
    if name := _board_name(bench):
        folders.append(workspace.builds / Path(name).name)
    for path in folders:
        info = _load_build(path, workspace)
        if info is not None:
            return info
    return None


def _load_build(path: Path, workspace: Workspace) -> BuildInfo | None:
    """A build from its folder or from a copy of its file under any name."""
    if path.is_dir():
        path = path / BuildInfo.FILE
    elif path.suffix != ".json":
        path = path.with_name(BuildInfo.FILE)
    try:
        return read_build(path, workspace.root)
    except Unreadable:
        return None


def _of_build(kind: str, build: BuildInfo | None, workspace: Workspace) -> RunRecord | None:
    wanted = build.build_id if build is not None else ""
    runs = workspace.newest(kind) if wanted else iter(())
    return next((run for run in runs if results(run).text("build_id") == wanted), None)


def _federation(build: BuildInfo | None, workspace: Workspace) -> RunRecord | None:
    if build is None or not build.build_id:
        return None
    runs = ((run, results(run).fields("builds")) for run in workspace.newest("federate"))
    return next((run for run, ids in runs if ids.text(build.board) == build.build_id), None)


def _convert(build: BuildInfo | None, bench: RunRecord) -> RunRecord | None:
    if build is not None and build.data_run:
        found = _enclosing(Path(build.data_run), "convert")
        if found is not None:
            return found
    return _linked(bench, "convert")


def _linked(run: RunRecord | None, kind: str) -> RunRecord | None:
    """The run of `kind` whose file is an input of `run`, or that its config names."""
    if run is None:
        return None
    for path in _input_paths(run):
        found = _enclosing(Path(path), kind)
        if found is not None:
            return found
    return None


def _input_paths(run: RunRecord) -> Iterator[str]:
    for _, entry in Fields(run.inputs).items():
        if path := entry.text("path"):
            yield path
    if path := Fields(run.config).text("run"):
        yield path


def _enclosing(path: Path, kind: str) -> RunRecord | None:
    """The run of `kind` in whose folder `path` lies, or that `path` is."""
    for folder in (path, *path.parents):
        if exists(folder / RECORD):
            try:
                run = read_record(folder)
            except UsageError:
                return None
            return run if run.kind == kind else None
    return None


def _with_input(workspace: Workspace, kind: str, sha256: str) -> RunRecord | None:
    """The last complete run of `kind` that read a file with this hash."""
    if not sha256:
        return None
    for run in workspace.newest(kind):
        hashes = {entry.text("sha256") for _, entry in Fields(run.inputs).items()}
        if sha256 in hashes and run.status in ("complete", "failed"):
            return run
    return None
