"""How far a cell has come, read from the runs in the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tinyssl.core.commands import flags
from tinyssl.core.errors import Collapsed
from tinyssl.core.records import RunRecord, Workspace, step_of
from tinyssl.stages.table.cells import Cell


class CellState(StrEnum):
    """Of a cell."""

    OPEN = "open"
    """Something is left to do"""
    DONE = "done"
    COLLAPSED = "collapsed"
    """Its pretraining was stopped because all embeddings became alike: a result"""
    FAILED = "failed"


@dataclass(frozen=True)
class CellOutcome:
    """A cell and the runs that it has left."""

    cell: Cell
    state: CellState
    pretrain: RunRecord | None = None
    """The finished or collapsed one, else the one to go on with"""
    probe: RunRecord | None = None
    step: str = ""
    """What is to be done next: pretrain or probe"""
    error: str = ""

    @property
    def collapsed_step(self) -> int | None:
        """Step at which the pretraining collapsed."""
        if self.pretrain is None or self.pretrain.error_kind != Collapsed.__name__:
            return None
        return last_step(self.pretrain)

    def words(self) -> list[str]:
        """Arguments of `tinyssl` for the next step."""
        cell = self.cell
        if self.step == "probe" and self.pretrain is not None:
            # a row that is no better than guessing is a result too: the table marks it
            config = replace(cell.probe, run=self.pretrain.folder.absolute(), force=True)
            return ["probe", *flags("probe", config)]
        if self.pretrain is not None:
            return ["pretrain", "--resume", str(self.pretrain.folder.absolute())]
        return fresh_words(cell)


def fresh_words(cell: Cell) -> list[str]:
    """Arguments of `tinyssl` that start a cell from nothing."""
    return ["pretrain", *flags("pretrain", cell.pretrain, ("method",)), *flags("data", cell.data)]


def last_step(run: RunRecord) -> int:
    """The last step of which a pretrain run has logged figures."""
    return max((step_of(row) for row in run.metrics()), default=0)


def look_up(cell: Cell, workspace: Workspace, forgive: str = "") -> CellOutcome:
    """What the workspace holds of a cell.

    Args:
        cell: Which.
        workspace: Where its runs are.
        forgive: Failed runs that started before this time (ISO 8601, UTC) are done again.
    """
    runs = [run for run in workspace.all("pretrain") if cell.is_pretrain(run)]
    ended = _ended(runs)
    if ended is None:
        return _unfinished(cell, runs, forgive)
    collapsed = ended.error_kind == Collapsed.__name__
    state = CellState.COLLAPSED if collapsed else CellState.DONE
    probes = [run for run in workspace.all("probe") if cell.is_probe(run, ended)]
    complete = [run for run in probes if run.status == "complete"]
    if complete or "backbone" not in ended.files:
        return CellOutcome(cell, state, ended, next(reversed(complete), None))
    failed = _failed(probes, forgive)
    if failed is not None:
        return CellOutcome(cell, CellState.FAILED, ended, step="probe", error=failed.error)
    return CellOutcome(cell, CellState.OPEN, ended, step="probe")


def _ended(runs: Sequence[RunRecord]) -> RunRecord | None:
    """The last complete run, else the last collapsed one."""
    complete = [run for run in runs if run.status == "complete"]
    collapsed = [run for run in runs if run.error_kind == Collapsed.__name__]
    return next(reversed(complete or collapsed), None)


def _unfinished(cell: Cell, runs: Sequence[RunRecord], forgive: str) -> CellOutcome:
    """A killed run still says `running`: whoever asks holds the cell's lock, so nobody works on it.

    Of several the one that is farthest is gone on with.
    """
    resumable = [run for run in runs if run.status in ("running", "interrupted")]
    if resumable:
        return CellOutcome(cell, CellState.OPEN, max(resumable, key=last_step), step="pretrain")
    failed = _failed(runs, forgive)
    if failed is not None:
        return CellOutcome(cell, CellState.FAILED, failed, step="pretrain", error=failed.error)
    return CellOutcome(cell, CellState.OPEN, step="pretrain")


def _failed(runs: Sequence[RunRecord], forgive: str) -> RunRecord | None:
    failed = [run for run in runs if run.status == "failed" and run.started >= forgive]
    return next(reversed(failed), None)
