"""Run records: everything that a stage leaves behind, on disk, in one folder.

A workspace holds `runs/<kind>-<UTC time>-<4 hex>/` with

    record.json     what ran: config, seed, commit, tool versions, inputs with SHA-256, results
    metrics.jsonl   one JSON object a line, in the order in which it was measured
    …               the stage's own files (weights, models, pictures)

    .lock           while a process writes the run: says which one

and `build/<board>/` (see `BuildInfo`). `record.json` is replaced atomically, so a reader never sees
half of one; a killed run stays behind with status `running`. Paths below the workspace are stored
relative to it (`tinyssl.core.places`), so a workspace can be copied and moved.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tinyssl.core.built import BuildInfo
from tinyssl.core.errors import UsageError
from tinyssl.core.files import digest_of, plain, sha256_of, write_atomic, write_json
from tinyssl.core.locks import Lock, take_or_refuse
from tinyssl.core.machine import machine_record
from tinyssl.core.places import exists, stored
from tinyssl.core.run_record import METRICS, PLACED, RECORD, SCHEMA, RunRecord, read_record, step_of

LOCK = ".lock"
_TIME = re.compile(r"\d{8}-\d{6}")
VERSIONED = (
    "tinyssl",
    "torch",
    "numpy",
    "litert-torch",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "tflite-micro",
    "platformio",
)


def short_commit(commit: str) -> str:
    """Twelve digits of a record's commit, with its mark of uncommitted changes."""
    return commit[:12] + commit[40:]


def _commit() -> str:
    """Commit of the checkout that tinyssl runs from, `+` where it has changes; empty in a wheel."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain"],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return ""
    return commit.stdout.strip() + ("+" if changed.stdout.strip() else "")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _hashed(inputs: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """What a record says of the files and folders that a run reads."""
    return {
        name: {"path": str(path.absolute()), "sha256": digest_of(path)}
        for name, path in inputs.items()
    }


class RunWriter:
    """Writes a run while it happens; use as a context manager.

    Leaving the block normally marks the run `complete`; an exception marks it `failed`, Ctrl-C
    `interrupted`, and goes on upwards.

    Args:
        record: What is known at the start.
        lock: Of the run; released when the block ends. None: the caller holds it.
    """

    def __init__(self, record: RunRecord, lock: Lock | None = None) -> None:
        self.record = record
        self.folder = record.folder
        self._lock = lock
        self._metrics = (self.folder / METRICS).open("ab", buffering=0)
        self.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = "complete" if kind is None else "failed"
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            status = "interrupted"
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        text = str(error) if error is not None else ""
        name = kind.__name__ if kind is not None else ""
        self._metrics.close()
        try:
            self.update(status=status, finished=finished, error=text, error_kind=name)
        finally:
            if self._lock is not None:
                self._lock.release()

    def update(self, **changes: Any) -> None:
        """Replaces fields of the record and saves it."""
        self.record = replace(self.record, **changes)
        self.save()

    def save(self) -> None:
        """Writes record.json."""
        content = {"schema": SCHEMA} | asdict(self.record)
        del content["folder"]
        root = self.folder.absolute().parent.parent
        text = json.dumps({name: content[name] for name in PLACED}, default=plain)
        write_json(self.folder / RECORD, content | stored(json.loads(text), root))

    def log(self, **values: Any) -> None:
        """Appends one line to metrics.jsonl.

        Raises:
            OSError: The disk is full, or cannot be written.
        """
        line = (json.dumps(values, default=plain) + "\n").encode()
        try:
            written = self._metrics.write(line)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.folder / METRICS)) from error
        if written != len(line):
            raise OSError(errno.ENOSPC, "no space for a whole line", str(self.folder / METRICS))

    def results(self, **values: Any) -> None:
        """Adds final figures."""
        self.update(results=self.record.results | values)

    def file(self, name: str, relative: str) -> Path:
        """Registers the file `relative` as `name` and returns where to write it."""
        self.update(files=self.record.files | {name: relative})
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclass(frozen=True)
class _Known:
    """A record, for as long as its file is the same."""

    state: tuple[int, int, int]
    """Inode, size and time of change of record.json"""
    record: RunRecord | None
    """None: it cannot be read"""


def _silent(text: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Workspace:
    """The folder in which a user works: `runs/` and `build/` are below it."""

    root: Path
    note: Callable[[str], None] = field(default=_silent, compare=False, repr=False)
    """Told once of each record that cannot be read"""
    _known: dict[str, _Known] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Folder of a run -> its record as it was read last"""

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def builds(self) -> Path:
        return self.root / "build"

    def start(
        self,
        kind: str,
        config: dict[str, Any],
        *,
        seed: int | None = None,
        inputs: dict[str, Path] | None = None,
        data: dict[str, Any] | None = None,
    ) -> RunWriter:
        """Creates the folder of a new run; `config` must be plain JSON values."""
        now = datetime.now(UTC)
        folder = self.runs / f"{kind}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        folder.mkdir(parents=True)
        lock = hold_run(folder)
        record = RunRecord(
            kind=kind,
            folder=folder,
            status="running",
            started=now.isoformat(timespec="seconds"),
            command=sys.argv,
            config=config,
            seed=seed,
            commit=_commit(),
            versions=_versions(),
            machine=machine_record(),
            inputs=_hashed(inputs or {}),
            data=data or {},
        )
        return RunWriter(record, lock)

    def same(
        self, kind: str, config: Mapping[str, Any], inputs: Mapping[str, Path]
    ) -> RunRecord | None:
        """The newest complete run of a kind that this very tinyssl would only repeat.

        Args:
            kind: As `start` was given it, as the others.
            config: Compared as a whole.
            inputs: Their content is compared, and where they are.
        """
        wanted = (dict(config), _hashed(inputs), _commit(), _versions())
        for run in self.newest(kind):
            found = (run.config, run.inputs, run.commit, run.versions)
            if run.status == "complete" and found == wanted:
                return run
        return None

    def reopen(self, folder: Path, keep: Callable[[dict[str, Any]], bool]) -> RunWriter:
        """Goes on with a run that was killed or interrupted; its lock must be held (`hold_run`).

        Args:
            folder: The run's folder.
            keep: Which of its metrics still hold; the others are dropped, for they will be
                measured again.

        Raises:
            UsageError: `folder` holds no readable record.
        """
        record = read_record(folder)
        for half_written in folder.glob(".*.tmp"):  # of an atomic write that a kill cut short
            half_written.unlink(missing_ok=True)
        rows = [row for row in record.metrics() if keep(row)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomic(folder / METRICS, text.encode())
        return RunWriter(replace(record, status="running", finished="", error="", error_kind=""))

    def run_folder(self, named: Path) -> Path:
        """The folder of a run that the user named: as a path, or by its name in this workspace."""
        return named if exists(named) else self.runs / named.name

    def all(self, kind: str = "*") -> list[RunRecord]:
        """Readable runs of a kind (`*`: of all kinds), oldest first."""
        return self._read(self._names(kind))

    def newest(self, kind: str) -> Iterator[RunRecord]:
        """The same, newest first; reads no more records than it must."""
        for _, names in groupby(sorted(self._names(kind), key=_stamp, reverse=True), key=_stamp):
            yield from reversed(self._read(names))

    def latest(self, kind: str) -> RunRecord:
        """The last complete run of a kind.

        Raises:
            UsageError: There is none; the hint names the command that makes one.
        """
        found = next((run for run in self.newest(kind) if run.status == "complete"), None)
        if found is None:
            raise UsageError(
                f"no finished `{kind}` run in {self.runs}", hint=f"run `tinyssl {kind}` first"
            )
        return found

    def _names(self, kind: str) -> list[str]:
        """Folders of runs of a kind, readable or not."""
        start = "" if kind == "*" else f"{kind}-"
        try:
            names = os.listdir(self.runs)  # noqa: PTH208 - no object for each of thousands
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name for name in names if name.startswith(start) and "-" in name]

    def _read(self, names: Iterable[str]) -> list[RunRecord]:
        """Those that are readable, oldest first."""
        found = [(self._record(name), self.runs / name) for name in names]
        order = [
            (datetime.fromisoformat(record.started), folder.stat().st_mtime_ns, number, record)
            for number, (record, folder) in enumerate(found)
            if record is not None
        ]
        return [record for _, _, _, record in sorted(order, key=lambda each: each[:3])]

    def _record(self, name: str) -> RunRecord | None:
        """The record of a folder below runs/; None where there is none, or none to be read."""
        folder = self.runs / name
        try:
            found = (folder / RECORD).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None  # no run, or one that was killed before it had a record
        except OSError as error:
            self._skip(name, (0, 0, 0), f"{folder / RECORD}: {error.strerror}")
            return None
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._known.get(name)
        if known is not None and known.state == state:
            return known.record
        try:
            record = read_record(folder)
        except UsageError as error:
            self._skip(name, state, error.message)
            return None
        self._known[name] = _Known(state, record)
        return record

    def _skip(self, name: str, state: tuple[int, int, int], why: str) -> None:
        known = self._known.get(name)
        if known is None or known.state != state:
            self.note(f"skipped a run: {why}")
        self._known[name] = _Known(state, None)


def _stamp(name: str) -> str:
    """The time in a folder's name, as `20261130-010203`; folders without one are the newest."""
    found = _TIME.search(name)
    return found[0] if found else "~"


def hold_run(folder: Path) -> Lock:
    """The lock of a run; only its holder may write there.

    Raises:
        UsageError: Another process has it; the message says which one.
    """
    return take_or_refuse(folder / LOCK, f"another process is writing {folder}")


__all__ = [
    "METRICS",
    "RECORD",
    "SCHEMA",
    "BuildInfo",
    "RunRecord",
    "RunWriter",
    "Workspace",
    "hold_run",
    "read_record",
    "sha256_of",
    "short_commit",
    "step_of",
    "write_atomic",
    "write_json",
]
