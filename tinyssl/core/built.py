"""What `tinyssl build` made: `tinyssl_build.json` in the build folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from tinyssl.core.errors import UsageError
from tinyssl.core.files import MAX_RECORD, Unreadable, first_problem, read_json, write_json
from tinyssl.core.places import located, stored

SCHEMA = 1


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
    changes: list[str] = field(default_factory=list)
    """what was done to the model of the file, one line for each kind"""
    class_names: list[str] = field(default_factory=list)
    """of the first scores, of a model from this workspace or the zoo; empty: not known"""
    training: dict[str, Any] = field(default_factory=dict)
    """what learns on the device, and how (`project.learner.Learner`); empty: nothing does"""
    learning: dict[str, Any] = field(default_factory=dict)
    """what learning takes: step_instructions and inference_instructions (estimated), their largest
    known relative error, flash_code and flash_first_values in bytes; empty: nothing learns"""
    selection: dict[str, Any] = field(default_factory=dict)
    """how `--train-ram` chose what learns: budget, ram, samples, ranking of all candidates"""

    FILE: ClassVar[str] = "tinyssl_build.json"

    def save(self, folder: Path, root: Path | None = None) -> None:
        """Writes the file into `folder`, its paths relative to the workspace.

        Args:
            folder: Of the build, or of a run that keeps a copy.
            root: The workspace; default: that of a folder in `build/` or `runs/`.
        """
        content = {"schema": SCHEMA} | asdict(self)
        placed = {name: stored(content[name], root or _root(folder)) for name in PLACED}
        write_json(folder / self.FILE, content | placed)

    @classmethod
    def load(cls, folder: Path, root: Path | None = None) -> BuildInfo:
        """Reads the file of a build folder.

        Args:
            folder: Of the build.
            root: The workspace; default: that of a folder in `build/`.

        Raises:
            UsageError: There is no finished build there.
        """
        try:
            return read_build(folder / cls.FILE, root or _root(folder))
        except Unreadable as error:
            raise UsageError(
                f"{folder} holds no finished build: {error}",
                hint="run `tinyssl build --board …` first",
            ) from error


_INFO = TypeAdapter(BuildInfo)
PLACED = ("model_path", "data_run")
"""Fields whose paths are relative to the workspace"""


def _root(folder: Path) -> Path:
    return folder.absolute().parent.parent


def read_build(path: Path, root: Path) -> BuildInfo:
    """Reads a build's file under any name; its paths are those of the workspace `root`.

    Raises:
        Unreadable: It is no such file.
    """
    content = read_json(path, MAX_RECORD)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise Unreadable(f"{path.name} is not of schema {SCHEMA}")
    try:
        placed = {name: located(content[name], root) for name in PLACED if name in content}
        return _INFO.validate_python({**content, **placed})
    except ValidationError as error:
        raise Unreadable(f"{path.name}: {first_problem(error)}") from error
    except ValueError as error:
        raise Unreadable(f"{path.name}: {error}") from error
