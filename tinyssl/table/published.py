"""A table beside a published one: its figures, and what was done differently."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tinyssl.report.values import MISSING
from tinyssl.table.outcome import Outcome
from tinyssl.table.spec import Row, TableSpec


def share_published(row: Row, rows: Sequence[Row]) -> list[str]:
    """The published figure of a row, and its share of the published supervised one."""
    if row.published is None:
        return [MISSING, MISSING]
    bound = next((other.published for other in rows if _supervised(other)), None)
    share = f"{100 * row.published / bound:.1f} %" if bound else MISSING
    return [f"{row.published:.1f}", share]


def _supervised(row: Row) -> bool:
    method = row.settings.get("method")
    return method is not None and method.value == "supervised"


def differences(spec: TableSpec, outcomes: Sequence[Outcome]) -> str:
    """Setting by setting: as published (or inferred from it), and as done here."""
    lines = ["| setting | published | here |", "| --- | --- | --- |"]
    for key, text in spec.published.items():
        if key != "source":
            name = key.replace("_", " ")
            lines.append(f"| {name} | {text} | {_here(key, outcomes)} |")
    return "\n".join(lines)


def _here(key: str, outcomes: Sequence[Outcome]) -> str:
    """The values of a setting over all cells, from the records where there are some."""
    found = {_value(key, outcome) for outcome in outcomes} - {""}
    return "; ".join(sorted(found)) or MISSING


def _value(key: str, outcome: Outcome) -> str:
    cell = outcome.cell
    if key == "teacher":
        return _teacher(outcome)
    if key == "images":
        counts = [f"{cell.images[split]:,} {split}" for split in ("train", "val", "test")]
        return ", ".join(counts)
    if key == "seeds":
        return str(cell.seed)
    if key.startswith("teacher") and cell.pretrain.teacher is None:
        return ""
    for config in (cell.pretrain, cell.data):
        if key in {field.name for field in dataclasses.fields(config)}:
            return str(getattr(config, key))
    return ""


def _teacher(outcome: Outcome) -> str:
    """Name, size and how it was trained, from the run's record."""
    content: Any = outcome.pretrain.config.get("teacher") if outcome.pretrain else None
    if not isinstance(content, dict):
        return outcome.cell.pretrain.teacher or ""
    kind = "a supervised teacher" if content.get("supervised") else "trained without labels"
    return f"{content['name']} at {content['image_size']} px, {kind}"
