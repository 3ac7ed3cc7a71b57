"""How long the open cells will take, from what finished and interrupted runs have measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from tinyssl.core.fields import Fields
from tinyssl.core.kept import kept_backbones
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.outcome import CellOutcome, CellState
from tinyssl.stages.table.runs import last_step

MARGIN = 1.2
"""Room that is left for a probe"""
LAST = 5
"""Runs of which an estimate takes the median"""


@dataclass(frozen=True)
class Estimate:
    """Of what one cell still needs."""

    steps: int = 0
    """Of its training, left"""
    training: float | None = 0.0
    """Seconds; None where nothing like it was measured"""
    features: float | None = 0.0
    """Seconds for the teacher's features; None where this teacher was not measured"""
    measuring: float | None = 0.0
    """Seconds for probes and evaluation; None where none was measured"""
    basis: str = ""
    """Where the training's time comes from"""

    @property
    def known(self) -> float:
        """Seconds of all that was measured."""
        return sum(part or 0.0 for part in (self.training, self.features, self.measuring))

    @property
    def unknown(self) -> tuple[str, ...]:
        """What was never measured."""
        parts = (
            ("training", self.training),
            ("teacher's features", self.features),
            ("probes", self.measuring),
        )
        return tuple(name for name, seconds in parts if seconds is None)


def estimate(outcome: CellOutcome, workspace: Workspace) -> Estimate:
    """What a cell still needs, as far as runs of the workspace tell."""
    if outcome.state is not CellState.OPEN:
        return Estimate()
    measuring = _measuring(outcome, workspace)
    if outcome.step != "pretrain":
        return Estimate(measuring=measuring, basis="trained")
    cell = outcome.cell
    if cell.pretrain.method == "random":
        return Estimate(measuring=measuring, basis="no training")
    runs = workspace.all("pretrain")
    left = max(cell.steps - (last_step(outcome.pretrain) if outcome.pretrain else 0), 0)
    rate, basis = _rate(cell, runs)
    images = left * cell.pretrain.batch_size * cell.pretrain.accumulate
    training = None if rate is None else images / rate
    return Estimate(left, training, _features(cell, runs), measuring, basis)


def _rate(cell: Cell, runs: Sequence[RunRecord]) -> tuple[float | None, str]:
    """Images a second of the runs that are most like a cell."""
    alike = [run for run in runs if _same(cell, run) and _measured(run)]
    same_method = [run for run in alike if run.config.get("method") == cell.pretrain.method]
    chosen = (same_method or alike)[-LAST:]
    if not chosen:
        return _scaled_rate(cell, runs)
    what = cell.pretrain.method if same_method else "other methods"
    rate = statistics.median(rate for run in chosen if (rate := _measured(run)))
    return rate, f"{rate:.0f} images/s ({len(chosen)} run(s) of {what})"


def _scaled_rate(cell: Cell, runs: Sequence[RunRecord]) -> tuple[float | None, str]:
    """The same from runs of the backbone at another size: the work grows with the pixels."""
    own = _positions(cell.images.get("image_size"), cell.pretrain.stem_stride)
    rates = []
    for run in runs:
        other = _positions(run.data.get("image_size"), run.config.get("stem_stride"))
        measured = _measured(run)
        if run.config.get("backbone") == cell.pretrain.backbone and own and other and measured:
            rates.append(measured * other / own)
    if not rates:
        return None, f"no run of {cell.pretrain.backbone} yet"
    rate = statistics.median(rates[-LAST:])
    return rate, f"{rate:.0f} images/s (by pixels, from runs at other sizes or batches)"


def _positions(size: object, stride: object) -> float:
    """Pixels that the first layer gives; 0 where a record does not say."""
    if isinstance(size, int) and isinstance(stride, int) and stride > 0:
        return float(size / stride) ** 2
    return 0.0


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


def _features(cell: Cell, runs: Sequence[RunRecord]) -> float | None:
    """None where no run has had this teacher's features of these images; else they are there."""
    config = cell.pretrain
    if config.teacher is None or config.teacher_mode != "cached":
        return 0.0
    for run in runs:
        teacher = Fields(run.config).fields("teacher")
        same_images = run.data.get("fingerprint") == cell.images["fingerprint"]
        same_teacher = config.teacher in (teacher.text("given"), teacher.text("name"))
        if same_images and same_teacher and "teacher_seconds" in run.results:
            return 0.0
    return None


def _measuring(outcome: CellOutcome, workspace: Workspace) -> float | None:
    """Seconds of the probes and the evaluation that are left."""
    cell = outcome.cell
    probe = typical_seconds("probe", workspace)
    probes, evaluates = _probes_left(outcome), cell.evaluate is not None
    evaluates &= outcome.step in ("pretrain", "probe", "evaluate")
    evaluation = typical_seconds("evaluate", workspace) if evaluates else 0.0
    if (probe is None and probes) or evaluation is None:
        return None
    return probes * (probe or 0.0) + evaluation


def _probes_left(outcome: CellOutcome) -> int:
    """How many probes: that of the cell, and those of kept backbones."""
    cell, every = outcome.cell, outcome.cell.pretrain.keep_every
    if outcome.step == "pretrain":
        epochs = cell.pretrain.epochs or 0
        return 1 + ((epochs - 1) // every if every and cell.steps else 0)
    kept = len(kept_backbones(outcome.pretrain.folder)) if outcome.pretrain else 0
    if outcome.step != "curve":
        return kept + (outcome.step == "probe")
    return kept - outcome.points


def typical_seconds(kind: str, workspace: Workspace) -> float | None:
    """Median of the last complete runs of a kind; None where there is none."""
    complete = (run for run in workspace.newest(kind) if run.status == "complete")
    spans = [run.seconds for run in islice(complete, LAST)]
    return statistics.median(spans) if spans else None


def probe_seconds(workspace: Workspace) -> float:
    """What a probe may take: the longest of the last ones, with some room; 0 before the first."""
    complete = (run for run in workspace.newest("probe") if run.status == "complete")
    spans = [run.seconds for run in islice(complete, LAST)]
    return MARGIN * max(spans, default=0.0)
