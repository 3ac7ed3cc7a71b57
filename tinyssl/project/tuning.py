"""The steps that `tinyssl tune` measured to be the fastest: stored by model, core and kernels.

`tuned/<model's SHA-256, 16 digits>-<isa>.json` in the workspace. A file that was made for another
model, other kernels or steps that the generator no longer offers is left alone and not used.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tinyssl.compiler.schedule import step_choices
from tinyssl.compiler.steps import Step
from tinyssl.core.errors import UsageError
from tinyssl.core.files import first_problem, read_json
from tinyssl.core.records import Workspace, write_json
from tinyssl.graph.model import Model
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import KERNEL_ABI

DIGITS = 16


@dataclass(frozen=True)
class Tuning:
    """A choice of steps, and what it was measured by."""

    model_sha256: str
    isa: str
    steps: list[list[int]]
    """First operator, last operator, bytes of working memory, in execution order"""
    board: str = ""
    unit: str = ""
    """instructions, cycles or nanoseconds"""
    total: int = 0
    """Of one inference, in `unit`"""
    arena: int = 0
    """Bytes"""
    measured: str = ""
    """When, ISO 8601"""
    kernel_abi: int = KERNEL_ABI
    candidates: list[dict[str, Any]] = field(default_factory=list)
    """All that was measured: name, total, arena, flash, ram, chosen"""

    def save(self, workspace: Workspace) -> Path:
        """Writes the file; returns its path."""
        path = tuning_path(workspace, self.model_sha256, Isa(self.isa))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, asdict(self))
        return path

    def summary(self) -> dict[str, Any]:
        """For the build record."""
        return {
            "board": self.board,
            "measured": self.measured,
            "unit": self.unit,
            "total": self.total,
            "candidates": len(self.candidates),
        }


_TUNING = TypeAdapter(Tuning)


def tuning_path(workspace: Workspace, sha256: str, isa: Isa) -> Path:
    """Where the tuning of a model for an instruction set lies."""
    return workspace.root / "tuned" / f"{sha256[:DIGITS]}-{isa.value}.json"


def described(steps: tuple[Step, ...]) -> list[list[int]]:
    """Steps as a file holds them."""
    return [[step.first, step.last, step.scratch] for step in steps]


def find_tuning(
    model: Model, isa: Isa, workspace: Workspace
) -> tuple[Tuning, tuple[Step, ...]] | None:
    """What was measured for this model, and its steps; None where there is nothing that fits.

    Raises:
        UsageError: The file is damaged.
    """
    path = tuning_path(workspace, model.source_sha256, isa)
    if not path.exists():
        return None
    try:
        tuning = _TUNING.validate_python(read_json(path))
        wanted = [(first, last, scratch) for first, last, scratch in tuning.steps]
    except ValueError as error:  # what pydantic raises, too
        problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(
            f"{path} is damaged: {problem}", hint="remove it, or run `tinyssl tune` again"
        ) from error
    offered = {
        (choice.step.first, choice.step.last, choice.step.scratch): choice.step
        for choice in step_choices(model, isa)
    }
    same = (tuning.model_sha256, tuning.isa, tuning.kernel_abi)
    if same != (model.source_sha256, isa.value, KERNEL_ABI) or not set(wanted) <= set(offered):
        return None
    return tuning, tuple(offered[step] for step in wanted)
