"""The fastest kernel calls that `tinyssl tune` measured: stored by model, core and kernels.

`tuned/<model's SHA-256, 16 digits>-<isa>.json` in the workspace. A file that was made for another
model, other kernels or calls that the generator no longer offers is left alone and not used.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.schedule import call_choices
from tinyssl.core.errors import UsageError
from tinyssl.core.files import first_problem, read_json
from tinyssl.core.records import Workspace, write_json
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import KERNEL_ABI

DIGITS = 16


@dataclass(frozen=True)
class Tuning:
    """A choice of kernel calls, and what it was measured by."""

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


def described(calls: tuple[KernelCall, ...]) -> list[list[int]]:
    """Kernel calls as a file holds them."""
    return [[call.first, call.last, call.scratch] for call in calls]


def find_tuning(
    graph: Model, isa: Isa, workspace: Workspace
) -> tuple[Tuning, tuple[KernelCall, ...]] | None:
    """What was measured for this graph, and its kernel calls; None where nothing fits.

    Raises:
        UsageError: The file is damaged.
    """
    path = tuning_path(workspace, graph.source_sha256, isa)
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
        (choice.call.first, choice.call.last, choice.call.scratch): choice.call
        for choice in call_choices(run_passes(graph), isa)
    }
    same = (tuning.model_sha256, tuning.isa, tuning.kernel_abi)
    if same != (graph.source_sha256, isa.value, KERNEL_ABI) or not set(wanted) <= set(offered):
        return None
    return tuning, tuple(offered[call] for call in wanted)
