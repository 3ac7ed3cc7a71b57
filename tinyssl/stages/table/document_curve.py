"""The learning curves of a table: a picture beside the document, and the figures in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.files import write_text
from tinyssl.core.records import Workspace, short_commit
from tinyssl.report.charts import Curve, curves
from tinyssl.report.compare import describe_machine
from tinyssl.report.page import Picture
from tinyssl.report.render import drawn
from tinyssl.report.values import MISSING, Fields, day_span, interval, percent
from tinyssl.stages.table.curve import CurvePoint, curve_of, knn_while_training
from tinyssl.stages.table.markdown import markdown_table
from tinyssl.stages.table.outcome import CellOutcome
from tinyssl.stages.table.status import epochs_done

LEAD = (
    "Dots are linear probes of kept backbones on the test images; the thin lines are kNN of few "
    "training images on few validation images, which each training logs as it goes, so they lie "
    "lower than the kNN of the last column."
)
MOST = 5
"""Rows in the picture: as many as there are colours"""


@dataclass(frozen=True)
class _Learnt:
    """How one cell has learnt."""

    name: str
    outcome: CellOutcome
    points: list[CurvePoint]
    knn: list[tuple[float, float]]


def curve_part(outcomes: Sequence[CellOutcome], workspace: Workspace, document: Path) -> str:
    """The section of the document; its picture is written to `images/` beside it.

    Args:
        outcomes: Of the cells; the first seed of each row is shown.
        workspace: Where probes are.
        document: The Markdown file that the section is for.

    Returns:
        Markdown; empty where no kept backbone was measured.
    """
    found = _learnt(outcomes, workspace)
    if not any(len(each.points) > 1 or _is_under_way(each) for each in found):
        return ""
    name = f"{document.stem}_curve"
    folder = document.parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{name}.svg", drawn(_picture(name, found)))
    body = [
        [
            each.name,
            f"{point.epoch:.1f}",
            _share(point.linear, point.std),
            interval(point.linear, Fields(point.probe.results).number("test_images")),
            percent(point.knn),
        ]
        for each in found
        for point in each.points
    ]
    parts = [
        "## Learning curve",
        f"![Linear probe and kNN over the epochs](images/{name}.svg)",
        " ".join([LEAD, _measured(found), *_beside(found), *_unfinished(found)]),
        markdown_table(["method", "epoch", "linear probe", "95 % interval", "kNN"], body),
    ]
    return "\n\n".join(parts)


def _learnt(outcomes: Sequence[CellOutcome], workspace: Workspace) -> list[_Learnt]:
    """The first cell of each row that has points."""
    found: dict[str, _Learnt] = {}
    for outcome in outcomes:
        row, run = outcome.cell.row, outcome.pretrain
        if run is None or row.name in found or row.ablation_of is not None:
            continue
        points = curve_of(outcome.cell, run, workspace)
        if points:
            knn = knn_while_training(outcome.cell, run)
            found[row.name] = _Learnt(row.title, outcome, points, knn)
    return list(found.values())


def _is_under_way(each: _Learnt) -> bool:
    return bool(epochs_done(each.outcome))


def _picture(name: str, found: Sequence[_Learnt]) -> Picture:
    lines = []
    for series, each in enumerate(found[:MOST], start=1):
        linear = [(point.epoch, 100 * point.linear) for point in each.points]
        lines.append(Curve(f"{each.name}, linear probe", series, linear, dots=True))
        if each.knn:
            knn = [(epoch, 100 * share) for epoch, share in each.knn]
            lines.append(Curve(f"{each.name}, kNN while training", series, knn))
    last = max(each.outcome.cell.pretrain.epochs or 0 for each in found)
    title = "Linear probe and kNN over the epochs of each method"
    return Picture(name, "curves", curves(lines, last, "epoch", "%"), title, title)


def _beside(found: Sequence[_Learnt]) -> list[str]:
    """What there is without training: the newest probe that has it says."""
    probes = [point.probe for each in found for point in each.points]
    known = [Fields(probe.results) for probe in probes if "accuracy_random" in probe.results]
    if not known:
        return []
    last = known[-1]
    return [
        f"Without training: random weights {percent(last.number('accuracy_random'))}, logistic "
        f"regression on the pixels {percent(last.number('accuracy_raw'))}, always the most "
        f"frequent class {percent(last.number('majority'))}."
    ]


def _measured(found: Sequence[_Learnt]) -> str:
    probes = [point.probe for each in found for point in each.points]
    commits = sorted({short_commit(probe.commit) for probe in probes if probe.commit})
    machines = sorted({describe_machine(probe) for probe in probes})
    dates = day_span(probe.finished[:10] for probe in probes if probe.finished)
    return (
        f"Probes measured {dates} on {'; '.join(machines)}, tinyssl at commit "
        f"{', '.join(commits) or MISSING}; ± is over the seeds of the probe."
    )


def _unfinished(found: Sequence[_Learnt]) -> list[str]:
    """Which curves do not end yet."""
    open_rows = [f"{each.name} ({epochs_done(each.outcome)})" for each in found
                 if _is_under_way(each)]  # fmt: skip
    if not open_rows:
        return []
    return [
        f"**Not finished**: {'; '.join(open_rows)}. The learning rate falls to 0 over all epochs, "
        "so a figure on the way is not what a training of that length would end with. Nothing is "
        "extrapolated."
    ]


def _share(share: float, std: float | None) -> str:
    spread = "" if std is None else f" ± {100 * std:.2f}"
    return f"{100 * share:.2f}{spread} %"
