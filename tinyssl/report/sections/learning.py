"""What the device learnt on its own."""

from __future__ import annotations

from tinyssl.core.errors import TinysslError
from tinyssl.core.records import RunRecord
from tinyssl.report import charts
from tinyssl.report.chain import Chain
from tinyssl.report.page import Block, Column, Note, PageSection, PageTable, Picture
from tinyssl.report.values import MISSING, Fields, decimal, grouped, percent, rows

LEAD = (
    "The device learns from one sample at a time and throws it away. Held-out samples judge it"
    " before and after; online is what it answered just before it learnt from each sample."
)


def learning(chain: Chain) -> PageSection | None:
    """What the last `tinyssl learn` of the build did."""
    return None if chain.learn is None else section_of(chain.learn)


def section_of(run: RunRecord) -> PageSection:
    """Curve of the losses, accuracy by class, checks and drifts of a `learn` run."""
    found = Fields(run.results)
    blocks: list[Block] = []
    if (picture := _curve(run)) is not None:
        blocks.append(picture)
    blocks.append(_accuracy(found))
    blocks += [Note(text, tone) for text, tone in _notes(found)]
    return PageSection("learning", "Learning on the device", LEAD, tuple(blocks))


def _curve(run: RunRecord) -> Picture | None:
    try:
        logged = [row for row in rows(run.metrics()) if row.text("event") == "step"]
    except (TinysslError, OSError, ValueError):
        return None
    losses = [(at, row.number("loss")) for at, row in enumerate(logged, start=1)]
    points = [(float(at), loss) for at, loss in losses if loss is not None]
    if not points:
        return None
    return Picture(
        name="learning",
        template="training",
        data=charts.training([("loss", points)]),
        title=f"Loss over {len(points)} steps on the device",
        caption="Loss of each sample before its step;"
        f" more than {charts.MAX_POINTS} points are averaged in groups.",
    )


def _accuracy(found: Fields) -> PageTable:
    columns = ("", "Samples", "Before", "Online", "After")
    whole = tuple(
        percent(found.number(f"accuracy_{when}")) for when in ("before", "online", "after")
    )
    lines = [("All", grouped(found.number("held_out")), *whole)]
    for name, each in found.fields("classes").items():
        before, after = (percent(each.number(when)) for when in ("before", "after"))
        lines.append((name, grouped(each.number("samples")), before, MISSING, after))
    return PageTable(
        tuple(Column(name, numeric=at > 0) for at, name in enumerate(columns)), tuple(lines)
    )


def _notes(found: Fields) -> list[tuple[str, str]]:
    counted = found.fields("statistics")
    checks, drift = counted.fields("validation"), counted.fields("drift")
    notes = []
    if found.integer("equal") == 1:
        notes.append(("All parameters have the bits that this computer learns.", "plain"))
    elif found.integer("equal") == 0:
        notes.append(("Parameters differ from what this computer learns.", "bad"))
    if checks.integer("returns"):
        times = grouped(checks.number("returns"))
        notes.append((f"The device went back to its best parameters {times} times.", "warn"))
    if drift.integer("found"):
        last = grouped(drift.number("sample"))
        notes.append((f"The losses show a drift, the last one at sample {last}.", "warn"))
    forgotten = found.number("forgotten")
    if forgotten:
        notes.append(
            (f"The class that lost most lost {decimal(100 * forgotten, 1)} points.", "plain")
        )
    return notes
