"""The learning curve of a cell: its kept backbones, each with a linear probe.

`[pretrain] keep_every` says which epochs keep theirs. The table probes them once the cell itself is
measured; until then the curve has the points that somebody probed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.fields import Fields
from tinyssl.core.kept import kept_backbones
from tinyssl.core.records import RunRecord, Workspace, step_of
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.runs import has_failed, last_step


@dataclass(frozen=True)
class CurvePoint:
    """A backbone of the way."""

    epoch: float
    linear: float
    """Linear probe, a fraction of the test images"""
    std: float | None
    """Over the seeds of the probe"""
    knn: float | None
    """kNN over all training images, a fraction of the test images"""
    probe: RunRecord


def curve_of(cell: Cell, run: RunRecord, workspace: Workspace) -> list[CurvePoint]:
    """The points of a pretrain run, finished or not, that have been measured, in their order.

    The probe of the finished run is the last one.
    """
    probes = [probe for probe in workspace.all("probe") if probe.status == "complete"]
    measured = {}
    for step, backbone in kept_backbones(run.folder).items():
        for probe in probes:
            if cell.is_kept_probe(probe, backbone):
                measured[step] = probe
    for probe in probes:
        if cell.is_probe(probe, run):
            measured[last_step(run)] = probe
    return [_point(step / cell.epoch_steps, probe) for step, probe in sorted(measured.items())]


def _point(epoch: float, probe: RunRecord) -> CurvePoint:
    found = Fields(probe.results)
    linear = found.number("accuracy") or 0.0
    return CurvePoint(epoch, linear, found.number("accuracy_std"), found.number("knn"), probe)


def knn_while_training(cell: Cell, run: RunRecord) -> list[tuple[float, float]]:
    """(epoch, kNN on a few validation images) as the training itself has logged them."""
    rows = run.metrics()
    found = [(step_of(row) / cell.epoch_steps, Fields(row).number("knn")) for row in rows]
    return [(epoch, knn) for epoch, knn in found if knn is not None]


def points_left(cell: Cell, run: RunRecord, workspace: Workspace, forgive: str) -> list[Path]:
    """The kept backbones that have no probe; one whose probe failed is left out.

    Args:
        cell: Whose probe settings count.
        run: The finished pretrain run.
        workspace: Where probes are.
        forgive: Failed probes that started before this time (ISO 8601, UTC) are done again.
    """
    probes = workspace.all("probe")

    def ended(backbone: Path) -> bool:
        own = [probe for probe in probes if cell.is_kept_probe(probe, backbone)]
        return any(probe.status == "complete" or has_failed(probe, forgive) for probe in own)

    return [path for path in kept_backbones(run.folder).values() if not ended(path)]
