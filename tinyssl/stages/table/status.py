"""What is left of a table, also of one that another process runs at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.locks import Lock
from tinyssl.core.records import Workspace
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.estimate import Estimate, estimate
from tinyssl.stages.table.outcome import CellOutcome, CellState
from tinyssl.stages.table.runs import last_step


@dataclass(frozen=True)
class Left:
    """Of one cell."""

    outcome: CellOutcome
    estimate: Estimate
    holder: str = ""
    """The process that works on it; empty: none"""

    @property
    def state(self) -> str:
        """As a user reads it."""
        outcome = self.outcome
        if outcome.state is not CellState.OPEN:
            return str(outcome.state)
        if self.holder:
            return "running"
        return "to resume" if outcome.pretrain is not None else "not begun"

    @property
    def done(self) -> str:
        """How far its training is: `63 of 200 epochs`."""
        return epochs_done(self.outcome)


@dataclass(frozen=True)
class WholeLeft:
    """Of a table."""

    cells: int
    """Not finished"""
    seconds: float
    """One after the other, of what was measured"""
    unknown: tuple[str, ...]
    """What was never measured: `training of 2 cells`"""

    def text(self, jobs: int) -> str:
        """One line."""
        if not self.cells:
            return "nothing is left"
        count = f"{self.cells} cell{'s' if self.cells > 1 else ''} left"
        least = "at least " if self.unknown else "about "
        told = f"{count}, {least}{span_text(self.seconds)}"
        if jobs > 1:
            told += f", {span_text(self.seconds / jobs)} with {jobs} at the same speed each"
        return told + (f"; not measured yet: {', '.join(self.unknown)}" if self.unknown else "")


def epochs_done(outcome: CellOutcome) -> str:
    """`63.0 of 200 epochs` of a training that was begun and has not ended; else empty."""
    cell, run = outcome.cell, outcome.pretrain
    if outcome.step != "pretrain" or run is None:
        return ""
    return f"{last_step(run) / cell.epoch_steps:.1f} of {cell.pretrain.epochs} epochs"


def cell_lock(cell: Cell, workspace: Workspace) -> Path:
    """The lock file of whoever works on a cell."""
    return workspace.root / "tables" / "locks" / f"{cell.key}.lock"


def left_of(outcome: CellOutcome, workspace: Workspace) -> Left:
    """What one cell still needs, and who works on it."""
    lock = Lock(cell_lock(outcome.cell, workspace))
    holder = lock.holder() if lock.is_held() else ""
    return Left(outcome, estimate(outcome, workspace), holder)


def whole(left: Sequence[Left]) -> WholeLeft:
    """The sum over all cells."""
    open_cells = [each for each in left if each.outcome.state is CellState.OPEN]
    counts: dict[str, int] = {}
    for each in open_cells:
        for name in each.estimate.unknown:
            counts[name] = counts.get(name, 0) + 1
    unknown = tuple(
        f"{name} of {count} cell{'s' if count > 1 else ''}" for name, count in counts.items()
    )
    return WholeLeft(len(open_cells), sum(each.estimate.known for each in open_cells), unknown)


def left_text(outcomes: Sequence[CellOutcome], workspace: Workspace, jobs: int) -> str:
    """What is left of a table, in one line."""
    left = [Left(outcome, estimate(outcome, workspace)) for outcome in outcomes]
    return whole(left).text(jobs)


def span_text(seconds: float) -> str:
    """`40 s`, `12 min`, `7.5 h` or `3.2 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
