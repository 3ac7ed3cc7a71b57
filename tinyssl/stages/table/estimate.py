"""How long the open cells will take, from what finished and interrupted runs have measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.outcome import CellOutcome, CellState, last_step

MARGIN = 1.2
"""Room that is left for a probe"""


@dataclass(frozen=True)
class Estimate:
    """Of one cell."""

    seconds: float | None
    """Training that is left, in seconds; None where nothing like it was measured"""
    basis: str
    """Where it comes from"""


def estimate(outcome: CellOutcome, workspace: Workspace) -> Estimate:
    """Training time that a cell still needs; the teacher's features and the probe come on top."""
    if outcome.state is not CellState.OPEN or outcome.step != "pretrain":
        return Estimate(0.0, "nothing left to train")
    if outcome.cell.pretrain.method == "random":
        return Estimate(0.0, "no training")
    rate, basis = _rate(outcome.cell, workspace.all("pretrain"))
    if rate is None:
        return Estimate(None, basis)
    config = outcome.cell.pretrain
    steps = outcome.cell.images["train"] // config.batch_size * config.epochs
    done = last_step(outcome.pretrain) if outcome.pretrain else 0
    return Estimate(max(steps - done, 0) * config.batch_size / rate, basis)


def _rate(cell: Cell, runs: Sequence[RunRecord]) -> tuple[float | None, str]:
    """Images a second of the runs that are most like a cell."""
    alike = [run for run in runs if _same(cell, run) and _measured(run)]
    same_method = [run for run in alike if run.config.get("method") == cell.pretrain.method]
    chosen = (same_method or alike)[-5:]
    if not chosen:
        return None, f"no run of {cell.pretrain.backbone} at {cell.data.image_size} px yet"
    what = cell.pretrain.method if same_method else "other methods"
    rate = statistics.median(rate for run in chosen if (rate := _measured(run)))
    return rate, f"{rate:.0f} images/s ({len(chosen)} run(s) of {what})"


def _same(cell: Cell, run: RunRecord) -> bool:
    config = cell.pretrain
    return (
        run.config.get("backbone") == config.backbone
        and run.config.get("stem_stride") == config.stem_stride
        and run.config.get("batch_size") == config.batch_size
        and run.data.get("image_size") == cell.images.get("image_size")
    )


def _measured(run: RunRecord) -> float | None:
    """Images a second of a run, finished or not."""
    found = Fields(run.results).number("images_per_second")
    if found:
        return found
    rows = [Fields(row) for row in run.metrics()[-20:]]
    rates = [rate for row in rows if (rate := row.number("images_per_second"))]
    return statistics.median(rates) if rates else None


def probe_seconds(workspace: Workspace) -> float:
    """What a probe may take: the longest of the last ones, with some room; 0 before the first."""
    complete = (run for run in workspace.newest("probe") if run.status == "complete")
    spans = [run.seconds for run in islice(complete, 5)]
    return MARGIN * max(spans, default=0.0)
