"""A table beside a published one: its figures, and what was done differently."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from tinyssl.report.values import MISSING
from tinyssl.stages.table.outcome import CellOutcome
from tinyssl.stages.table.spec import TableRow, TableSpec


def share_published(row: TableRow, rows: Sequence[TableRow]) -> list[str]:
    """The published figure of a row, and its share of the published supervised one."""
    if row.published is None:
        return [MISSING, MISSING]
    bound = next((other.published for other in rows if _supervised(other)), None)
    share = f"{100 * row.published / bound:.1f} %" if bound else MISSING
    return [f"{row.published:.1f}", share]


def ordering(measured: Sequence[tuple[TableRow, float | None]]) -> str:
    """Whether the rows that were published stand in the same order here.

    Args:
        measured: Row and its linear probe as a fraction, None where it has none yet.

    Returns:
        Two orders, and how many pairs agree; empty where fewer than two rows can be compared.
    """
    known = [(row, found) for row, found in measured if row.published is not None and found]
    if len(known) < 2:
        return ""
    pairs = list(itertools.combinations(known, 2))
    same = sum(_sign(a.published, b.published) == _sign(x, y) for (a, x), (b, y) in pairs)
    published = sorted(known, key=lambda pair: -(pair[0].published or 0))
    found = sorted(known, key=lambda pair: -pair[1])
    orders = [" > ".join(row.title for row, _ in order) for order in (published, found)]
    return (
        f"Published order: {orders[0]}. Measured: {orders[1]}. "
        f"{same} of {len(pairs)} pairs stand in the same order."
    )


def _sign(one: float | None, other: float | None) -> int:
    """1, 0 or -1: which of two known figures is larger."""
    difference = (one or 0.0) - (other or 0.0)
    return (difference > 0) - (difference < 0)


def _supervised(row: TableRow) -> bool:
    method = row.settings.get("method")
    return method is not None and method.value == "supervised"


def differences(spec: TableSpec, outcomes: Sequence[CellOutcome]) -> str:
    """Setting by setting: as published (or inferred from it), and as done here."""
    lines = ["| setting | published | here |", "| --- | --- | --- |"]
    for key, text in spec.published.items():
        if key != "source":
            name = key.replace("_", " ")
            lines.append(f"| {name} | {text} | {_here(key, outcomes)} |")
    return "\n".join(lines)


def _here(key: str, outcomes: Sequence[CellOutcome]) -> str:
    """The values of a setting over all cells, from the records where there are some."""
    found = {_value(key, outcome) for outcome in outcomes} - {""}
    if not found and key == "teacher":
        found = {outcome.cell.pretrain.teacher or "" for outcome in outcomes} - {""}
    return "; ".join(sorted(found)) or MISSING


def _value(key: str, outcome: CellOutcome) -> str:
    cell = outcome.cell
    if key.startswith("teacher"):
        return _teacher(key, outcome)
    if key == "images":
        counts = [f"{cell.images[split]:,} {split}" for split in ("train", "val", "test")]
        return ", ".join(counts)
    if key == "seeds":
        return str(cell.seed)
    for config in (cell.pretrain, cell.data):
        if key in {field.name for field in dataclasses.fields(config)}:
            return str(getattr(config, key))
    return ""


def _teacher(key: str, outcome: CellOutcome) -> str:
    """What a run's record says of its teacher: name, size, and how it was trained."""
    content: Any = outcome.pretrain.config.get("teacher") if outcome.pretrain else None
    if not isinstance(content, dict):
        return ""
    if key == "teacher_size":
        return str(content.get("image_size", ""))
    if key != "teacher":
        return str(getattr(outcome.cell.pretrain, key, ""))
    kind = "a supervised teacher" if content.get("supervised") else "trained without labels"
    return f"{content.get('name')} at {content.get('image_size')} px, {kind}"
