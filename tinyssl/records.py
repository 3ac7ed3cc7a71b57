"""Run records: everything that a stage leaves behind, on disk, in one folder.

A workspace holds `runs/<kind>-<UTC time>-<4 hex>/` with

    record.json     what ran: config, seed, commit, tool versions, inputs with SHA-256, results
    metrics.jsonl   one JSON object a line, in the order in which it was measured
    …               the stage's own files (weights, models, pictures)

and `build/<board>/` (see `BuildInfo`). `record.json` is replaced atomically, so a reader never sees
half of one; a killed run stays behind with status `running`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from tinyssl.errors import TinysslError, UsageError

SCHEMA = 1
RECORD = "record.json"
METRICS = "metrics.jsonl"
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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """Replaces `path` in one step: after a crash it holds the old bytes or the new, never half."""
    # A name that nobody can foresee: in a shared folder somebody could have put a link there.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Writes `value` as indented JSON, atomically. Paths become strings."""
    text = json.dumps(value, indent=2, default=_plain) + "\n"
    write_atomic(path, text.encode())


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):  # numpy and torch scalars
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into a record")


def short_commit(commit: str) -> str:
    """Twelve digits of a record's commit, with its mark of uncommitted changes."""
    return commit[:12] + commit[40:]


def _commit() -> str:
    """Commit of the checkout that tinyssl runs from, `+` where it has changes; empty in a wheel."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return ""
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], check=False, capture_output=True, text=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain"], check=False, capture_output=True, text=True
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


def _machine() -> dict[str, Any]:
    return {"system": platform.platform(), "cpu": platform.machine(), "cores": os.cpu_count()}


@dataclass(frozen=True)
class RunRecord:
    """One run, as `record.json` holds it."""

    kind: str
    """Stage: pretrain, probe, evaluate, convert, verify, build, flash, bench, report"""
    folder: Path
    status: str
    """running, complete, failed or interrupted"""
    started: str
    """UTC, ISO 8601"""
    finished: str = ""
    command: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    commit: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """name -> {path, sha256}: what the run read"""
    data: dict[str, Any] = field(default_factory=dict)
    """name, fingerprint and split sizes of the data set; empty where there was none"""
    results: dict[str, Any] = field(default_factory=dict)
    """final figures; keys carry their unit (`accuracy`, `latency_us`, `flash_bytes`)"""
    files: dict[str, str] = field(default_factory=dict)
    """name -> path relative to `folder`"""
    error: str = ""
    error_kind: str = ""
    """Class of the error that ended the run, for example Collapsed; empty where none did"""

    def path(self, name: str) -> Path:
        """Absolute path of the file that the run stored under `name`.

        Raises:
            TinysslError: The run has no such file, or it is gone.
        """
        if name not in self.files or not (self.folder / self.files[name]).exists():
            raise TinysslError(
                f"{self.folder} holds no {name}", hint=f"run `tinyssl {self.kind}` again"
            )
        return self.folder / self.files[name]

    def metrics(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl; a last line cut short by a crash is left out."""
        path = self.folder / METRICS
        rows: list[dict[str, Any]] = []
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return rows


def read_record(folder: Path) -> RunRecord:
    """Reads one run.

    Raises:
        UsageError: `folder` holds no readable record of a known schema.
    """
    path = folder / RECORD
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="name a folder below runs/")
    try:
        content = json.loads(path.read_text())
        schema = content.pop("schema")
        if schema != SCHEMA:
            raise UsageError(
                f"{path} has schema {schema}; this tinyssl reads {SCHEMA}",
                hint="use the tinyssl version that wrote it",
            )
        return RunRecord(folder=folder, **content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not a run record: {error}", hint="name a folder below runs/"
        ) from error


class RunWriter:
    """Writes a run while it happens; use as a context manager.

    Leaving the block normally marks the run `complete`; an exception marks it `failed`, Ctrl-C
    `interrupted`, and goes on upwards.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.folder = record.folder
        self._metrics = (self.folder / METRICS).open("a", buffering=1)
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
        self.update(status=status, finished=finished, error=text, error_kind=name)
        self._metrics.close()

    def update(self, **changes: Any) -> None:
        """Replaces fields of the record and saves it."""
        self.record = replace(self.record, **changes)
        self.save()

    def save(self) -> None:
        """Writes record.json."""
        content = {"schema": SCHEMA} | asdict(self.record)
        del content["folder"]
        write_json(self.folder / RECORD, content)

    def log(self, **values: Any) -> None:
        """Appends one line to metrics.jsonl."""
        self._metrics.write(json.dumps(values, default=_plain) + "\n")

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
class Workspace:
    """The folder in which a user works: `runs/` and `build/` are below it."""

    root: Path

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
        hashes = {
            name: {"path": str(path), "sha256": sha256_of(path)}
            for name, path in (inputs or {}).items()
        }
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
            machine=_machine(),
            inputs=hashes,
            data=data or {},
        )
        return RunWriter(record)

    def reopen(self, folder: Path, keep: Callable[[dict[str, Any]], bool]) -> RunWriter:
        """Goes on with a run that was killed or interrupted.

        Args:
            folder: The run's folder.
            keep: Which of its metrics still hold; the others are dropped, for they will be
                measured again.

        Raises:
            UsageError: `folder` holds no readable record.
        """
        record = read_record(folder)
        rows = [row for row in record.metrics() if keep(row)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomic(folder / METRICS, text.encode())
        return RunWriter(replace(record, status="running", finished="", error="", error_kind=""))

    def all(self, kind: str = "*") -> list[RunRecord]:
        """Readable runs of a kind, oldest first."""
        found = []
        for path in self.runs.glob(f"{kind}-*/{RECORD}"):
            try:
                found.append(read_record(path.parent))
            except UsageError:
                continue
        return sorted(found, key=lambda run: (run.started, run.folder.stat().st_mtime_ns))

    def latest(self, kind: str) -> RunRecord:
        """The last complete run of a kind.

        Raises:
            UsageError: There is none; the hint names the command that makes one.
        """
        complete = [run for run in self.all(kind) if run.status == "complete"]
        if not complete:
            raise UsageError(
                f"no finished `{kind}` run in {self.runs}", hint=f"run `tinyssl {kind}` first"
            )
        return complete[-1]


@dataclass(frozen=True)
class BuildInfo:
    """What `tinyssl build` made; stored as `build/<board>/tinyssl_build.json`."""

    board: str
    engine: str
    """aot or tflm"""
    model_path: str
    model_sha256: str
    build_id: str
    """16 hex digits over model, generated sources and board: the device reports it back"""
    artifacts: dict[str, str]
    """elf, bin, hex -> path relative to the build folder"""
    sizes: dict[str, int]
    """bytes: text, rodata, weights, data, bss, arena, stack, flash, ram"""
    regions: dict[str, dict[str, int]]
    """region name -> {size, used} in bytes"""
    arena: dict[str, Any] = field(default_factory=dict)
    """the memory plan: peak, lower bound, and per tensor name, offset, size, first and last use"""
    ops: list[dict[str, Any]] = field(default_factory=list)
    """per operator: name, kind, shape text, macs"""
    data_run: str = ""
    """folder of the convert run that holds the test split; empty for a model from elsewhere"""
    commit: str = ""
    built: str = ""
    framework: str = "baremetal"
    """baremetal or arduino"""
    tuning: dict[str, Any] = field(default_factory=dict)
    """where `tinyssl tune` measured the steps: board, when, unit, total; empty: the cost model's"""

    FILE: ClassVar[str] = "tinyssl_build.json"

    def save(self, folder: Path) -> None:
        """Writes the file into the build folder."""
        write_json(folder / self.FILE, {"schema": SCHEMA} | asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads the file of a build folder.

        Raises:
            UsageError: There is no finished build there.
        """
        try:
            content = json.loads((folder / cls.FILE).read_text())
            content.pop("schema")
            return cls(**content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{folder} holds no finished build", hint="run `tinyssl build --board …` first"
            ) from error
