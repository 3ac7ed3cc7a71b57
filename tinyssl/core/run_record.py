"""One run, as its `record.json` holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tinyssl.core.config_json import adapter_of
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.files import MAX_RECORD, Unreadable, first_problem, read_json, read_json_lines
from tinyssl.core.places import exists, located

SCHEMA = 1
RECORD = "record.json"
METRICS = "metrics.jsonl"

T = TypeVar("T")


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
    """name -> {path, sha256}: what the run read; see `files.digest_of`"""
    data: dict[str, Any] = field(default_factory=dict)
    """name, fingerprint and split sizes of the data set; empty where there was none"""
    results: dict[str, Any] = field(default_factory=dict)
    """final figures; keys carry their unit (`accuracy`, `latency_us`, `flash_bytes`)"""
    files: dict[str, str] = field(default_factory=dict)
    """name -> path relative to `folder`"""
    error: str = ""
    error_kind: str = ""
    """Class of the error that ended the run, for example Collapsed; empty where none did"""

    @property
    def seconds(self) -> float:
        """From start to end, by the clock; 0 where it has not ended."""
        if not self.finished:
            return 0.0
        took = datetime.fromisoformat(self.finished) - datetime.fromisoformat(self.started)
        return max(took.total_seconds(), 0.0)

    def path(self, name: str) -> Path:
        """Absolute path of the file that the run stored under `name`.

        Raises:
            TinysslError: The run has no such file, or it is gone.
        """
        if name not in self.files or not exists(self.folder / self.files[name]):
            raise TinysslError(
                f"{self.folder} holds no {name}", hint=f"run `tinyssl {self.kind}` again"
            )
        return self.folder / self.files[name]

    def json(self, name: str) -> Any:
        """The value of the JSON file that the run stored under `name`.

        Raises:
            TinysslError: The run has no such file, or it is damaged.
        """
        path = self.path(name)
        try:
            return read_json(path)
        except Unreadable as error:
            raise TinysslError(
                f"{path} cannot be read: {error}", hint=f"run `tinyssl {self.kind}` again"
            ) from error

    def checked(self, kind: type[T], content: object) -> T:
        """A part of the record as what it stands for, for example the settings of its stage.

        Raises:
            UsageError: It is damaged; the message names the value.
        """
        try:
            return adapter_of(kind).validate_python(content)
        except ValidationError as error:
            raise UsageError(
                f"{self.folder / RECORD} is damaged: {first_problem(error)}",
                hint="restore the record, or run that stage again",
            ) from error

    def number(self, name: str) -> float:
        """A figure of the results.

        Raises:
            TinysslError: There is none of this name, or it is no number.
        """
        found = Fields(self.results).number(name)
        if found is None:
            raise TinysslError(
                f"{self.folder / RECORD} holds no number {name}",
                hint=f"run `tinyssl {self.kind}` again",
            )
        return found

    def metrics(self) -> list[dict[str, Any]]:
        """All objects of metrics.jsonl; a last line cut short by a crash is left out.

        Raises:
            TinysslError: The file cannot be read.
        """
        path = self.folder / METRICS
        try:
            return list(read_json_lines(path))
        except Unreadable as error:
            raise TinysslError(
                f"{path} cannot be read: {error}", hint="restore the file, or remove it"
            ) from error


def step_of(row: dict[str, Any]) -> int:
    """Training step of a line of metrics.jsonl; 0 where it tells none."""
    return Fields(row).integer("step") or 0


_RECORD = TypeAdapter(RunRecord)
PLACED = ("config", "inputs", "data", "results")
"""Fields of a record in which paths are relative to the workspace"""


def read_record(folder: Path) -> RunRecord:
    """Reads one run; all its paths are those of the workspace in which `folder` lies.

    Raises:
        UsageError: `folder` holds no readable record of a known schema.
    """
    path = folder / RECORD
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="name a folder below runs/")
    try:
        content = read_json(path, MAX_RECORD)
        schema = content["schema"] if isinstance(content, dict) else None
        if schema != SCHEMA:
            raise UsageError(
                f"{path} has schema {schema!r:.40}; this tinyssl reads {SCHEMA}",
                hint="use the tinyssl version that wrote it",
            )
        return _checked(folder, content)
    except KeyError as error:
        problem = f"it has no {error}"
    except ValidationError as error:
        problem = first_problem(error)
    except ValueError as error:  # Unreadable among them
        problem = str(error)
    raise UsageError(f"{path} is not a run record: {problem}", hint="name a folder below runs/")


def _checked(folder: Path, content: dict[str, Any]) -> RunRecord:
    root = folder.absolute().parent.parent
    placed = {name: located(content[name], root) for name in PLACED if name in content}
    record = _RECORD.validate_python({**content, **placed, "folder": folder})
    for text in filter(None, (record.started or "started", record.finished)):
        if datetime.fromisoformat(text).tzinfo is None:
            raise ValueError(f"the time {text} has no time zone")
    return record
