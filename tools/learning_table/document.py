"""docs/learning.json, and the tables of docs/learning.md that are made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tools.learning_table.row import Row
from tools.stamp import ROOT

JSON = ROOT / "docs" / "learning.json"
DOCUMENT = ROOT / "docs" / "learning.md"
BEGIN = "<!-- Written by `python -m tools.learning_table`; do not edit. -->\n"
END = "<!-- The end of what is written. -->\n"

COSTS = ("ram", "flash", "inference", "step", "steps")


def stored() -> list[Row]:
    """The rows of docs/learning.json."""
    rows: list[Row] = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else []
    return rows


def keep(row: Row) -> None:
    """Puts a row in the place of the older one of its task and board, and writes both files."""
    rows = {(each["task"], each["board"]): each for each in stored()}
    rows[row["task"], row["board"]] = row
    write([rows[key] for key in sorted(rows)])


def write(rows: Sequence[Row]) -> None:
    """docs/learning.json, and its part of docs/learning.md."""
    JSON.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    text = "\n".join(tables(rows))
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n\n{END}{tail}", encoding="utf-8")


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """What was asked and found; what it takes; where the rows are from."""
    yield "| task | data | measure | target | met | float | host | device |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        for number, each in enumerate(row["measures"]):
            cells = ["", ""] if number else [row["task"], row["data"]]
            cells += [each["what"], each["target"]]
            cells += ["yes" if each["met"] else "**no**"]
            cells += [_figure(each, name) for name in ("reference", "host")]
            cells += [_of_device(each)]
            yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| task | board | RAM, B | flash, B | inference | training step | steps | equal bits |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        figures = " | ".join(f"{row[name]:,}" for name in COSTS)
        equal = "yes" if row["equal"] else "**no**"
        yield f"| {row['task']} | {row['board']} | {figures} | {equal} |"
    yield ""
    origins: dict[str, list[str]] = {}
    for row in rows:
        origin = f"seed {row['seed']}, commit {row['commit']}, {row['date']}, {row['machine']}"
        origins.setdefault(origin, []).append(f"{row['task']} on {row['board']}")
    for origin, names in origins.items():
        yield f"- {origin}: {', '.join(names)}"


def _of_device(measure: Row) -> str:
    """The device's figure, and this computer's of the same part where that is not the whole."""
    found = _figure(measure, "device")
    if measure.get("same_part") is None:  # rows of earlier versions do not have it
        return found
    return f"{found} (host, the same part: {_figure(measure, 'same_part')})"


def _figure(measure: Row, name: str) -> str:
    value = measure[name]
    if value is None:
        return "–"
    interval = measure["interval"] if name == "host" else None
    if measure["percent"]:
        return f"{100 * value:.1f}{'' if interval is None else f' ± {100 * interval:.1f}'} %"
    return f"{value:.3g}{'' if interval is None else f' ± {interval:.2g}'}"
