"""How far a cell has come, read from the runs in the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tinyssl.core.commands import flags
from tinyssl.core.errors import Collapsed
from tinyssl.core.kept import kept_backbones
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.curve import points_left
from tinyssl.stages.table.runs import has_failed, last_step


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
    """What is to be done next: pretrain, probe, evaluate or curve"""
    error: str = ""
    backbone: Path | None = None
    """The kept one that the step `curve` measures"""
    points: int = 0
    """Kept backbones that are measured already, where the step is `curve`"""

    @property
    def is_open(self) -> bool:
        """True where something is left to do."""
        return self.state is CellState.OPEN

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
        if self.step == "curve" and self.backbone is not None:
            config = replace(cell.probe, backbone=self.backbone.absolute(), force=True)
            return ["probe", *flags("probe", config), *flags("data", cell.data, ("dataset",))]
        if self.step == "evaluate" and self.probe is not None and cell.evaluate is not None:
            asked = replace(cell.evaluate, run=self.probe.folder.absolute())
            return ["evaluate", *flags("evaluate", asked)]
        if self.pretrain is not None:
            return ["pretrain", "--resume", str(self.pretrain.folder.absolute())]
        return fresh_words(cell)


def fresh_words(cell: Cell) -> list[str]:
    """Arguments of `tinyssl` that start a cell from nothing."""
    return ["pretrain", *flags("pretrain", cell.pretrain, ("method",)), *flags("data", cell.data)]


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
    if "backbone" not in ended.files:
        return CellOutcome(cell, state, ended)
    if complete:
        return _beyond_probe(CellOutcome(cell, state, ended, complete[-1]), workspace, forgive)
    failed = _failed(probes, forgive)
    if failed is not None:
        return CellOutcome(cell, CellState.FAILED, ended, step="probe", error=failed.error)
    return CellOutcome(cell, CellState.OPEN, ended, step="probe")


def _beyond_probe(done: CellOutcome, workspace: Workspace, forgive: str) -> CellOutcome:
    """A cell whose probe is there: what else the table asks for."""
    cell, probe, ended = done.cell, done.probe, done.pretrain
    assert probe is not None
    assert ended is not None
    if cell.evaluate is not None:
        runs = [run for run in workspace.all("evaluate") if cell.is_evaluation(run, probe)]
        if not any(run.status == "complete" for run in runs):
            failed = _failed(runs, forgive)
            state = CellState.OPEN if failed is None else CellState.FAILED
            error = "" if failed is None else failed.error
            return replace(done, state=state, step="evaluate", error=error)
    left = points_left(cell, ended, workspace, forgive)
    if not left:
        return done
    points = len(kept_backbones(ended.folder)) - len(left)
    return replace(done, state=CellState.OPEN, step="curve", backbone=left[0], points=points)


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
    return next((run for run in reversed(runs) if has_failed(run, forgive)), None)
