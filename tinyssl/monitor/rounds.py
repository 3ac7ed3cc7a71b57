"""A federation as it goes: the curve of its judgements, and what a round says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyssl.core.fields import number
from tinyssl.monitor.figures import curve
from tinyssl.monitor.plots import Point

TITLES = {
    "accuracy_after": "accuracy of unseen devices, after their online steps",
    "loss_after": "loss of unseen devices, after their online steps",
    "loss": "loss of the devices that learn",
}
"""Figure -> title of its curve, in the order in which they are drawn; two of them are"""
CURVES = 2


@dataclass
class Rounds:
    """What was told so far."""

    curves: dict[str, list[Point]] = field(default_factory=dict)
    """Figure -> (round, value)"""
    last: dict[str, Any] = field(default_factory=dict)
    """The last round's row"""

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one more row of metrics.jsonl in."""
        if row.get("event") == "round":
            self.last = dict(row)
        for name in TITLES:
            value = number(row.get(name))
            if value is not None:
                self.curves.setdefault(name, []).append((float(row["round"]), value))

    def lines(self, width: int) -> Iterator[str]:
        """The picture."""
        drawn = [name for name in TITLES if name in self.curves][:CURVES]
        for name in drawn:
            yield from curve(TITLES[name], self.curves[name], width)
        if self.last:
            yield self.text()

    def text(self) -> str:
        """The last round in one line."""
        row = self.last
        left = f", {row['left_out']} left out" if row["left_out"] else ""
        return (
            f"round {row['round']:,}: {row['devices']} devices{left}, {row['bytes_down']:,} bytes "
            f"to them, {row['bytes_up']:,} back"
        )

    def due(self, row: Mapping[str, Any]) -> str:
        """A line for each judgement."""
        if row.get("event") != "judged":
            return ""
        figures = [
            f"{name.replace('_', ' ')} {self.curves[name][-1][1]:.4g}"
            for name in TITLES
            if name in self.curves
        ]
        return f"{self.text()}; {', '.join(figures)}"
