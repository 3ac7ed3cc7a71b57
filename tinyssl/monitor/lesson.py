"""A device that learns, as it goes: its answers, what it forgets, and what a sample takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyssl.core.fields import number
from tinyssl.monitor.figures import curve
from tinyssl.monitor.plots import Point

TITLES = {
    "right": "right answers before the step, mean of the last samples",
    "right_old": "of these the classes that it knew before",
    "loss": "loss, mean of the last samples",
}
"""Figure -> title of its curve, in the order in which they are drawn; two of them are"""
CURVES = 2
LINES_IN_ALL = 20
"""That a lesson prints where there is no terminal, about"""


@dataclass
class LessonFigures:
    """What the stage `learn` told: rows `begin`, `judged` and `step`."""

    curves: dict[str, list[Point]] = field(default_factory=dict)
    """Figure -> (step, value)"""
    begun: dict[str, Any] = field(default_factory=dict)
    """ram_bytes, parameters, steps"""
    judged: dict[str, dict[str, float]] = field(default_factory=dict)
    """before, after -> metric -> value"""
    last: dict[str, Any] = field(default_factory=dict)
    """The last step's row"""
    drifts: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one more row in."""
        event = row.get("event")
        if event == "begin":
            self.begun = dict(row)
        elif event == "judged":
            self.judged[row["when"]] = dict(row["figures"])
        elif event == "step":
            self.last = dict(row)
            self.drifts += int(row.get("drift", 0))
            for name in TITLES:
                value = number(row.get(name))
                if value is not None:
                    self.curves.setdefault(name, []).append((float(row["step"]), value))

    def lines(self, width: int) -> Iterator[str]:
        """The picture."""
        for when in self.judged:
            yield self._judged(when)
        for name in [name for name in TITLES if name in self.curves][:CURVES]:
            yield from curve(TITLES[name], self.curves[name], width)
        if self.last:
            yield self.text()
            yield self._costs()

    def due(self, row: Mapping[str, Any]) -> str:
        """Judgements, drifts, and some of the steps."""
        if row.get("event") == "judged":
            return self._judged(row["when"])
        if row.get("event") != "step":
            return ""
        every = max(self.begun.get("steps", 0) // LINES_IN_ALL, 1)
        return self.text() if row.get("drift") or row["step"] % every == 0 else ""

    def text(self) -> str:
        """The last step in one line."""
        row = self.last
        shares = [
            f"{name} {100 * row[key]:.0f} %"
            for key, name in (("right", "right"), ("right_old", "old classes"))
            if key in row
        ]
        drift = f"{self.drifts} {'drift' if self.drifts == 1 else 'drifts'}"
        said = [f"loss {row['loss']:.4g}", *shares, f"{row['sent']:,} bytes sent"]
        if "returns" in row:
            said.append(f"went back {row['returns']} times")
        said.append(drift if self.drifts else "no drift")
        return f"step {row['step']:,} of {self.begun.get('steps', 0):,}: {', '.join(said)}"

    def _costs(self) -> str:
        row, begun = self.last, self.begun
        return (
            f"{row['inference']:,} {row['unit']} for the answer, {row['training']:,} for the step; "
            f"{begun.get('ram_bytes', 0):,} bytes of RAM, {begun.get('parameters', 0):,} parameters"
        )

    def _judged(self, when: str) -> str:
        figures = [
            f"{name} {100 * value:.1f} %" if name == "accuracy" else f"{name} {value:.4g}"
            for name, value in self.judged[when].items()
            if name != "forgotten"
        ]
        lost = self.judged[when].get("forgotten")
        end = "" if lost is None else f"; the class that lost most lost {100 * lost:.1f} points"
        return f"{when} learning: {', '.join(figures)}{end}"
