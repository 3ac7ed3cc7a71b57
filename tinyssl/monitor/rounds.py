"""A federation as it goes: the curve of its judgements, and what a round says.

On a terminal a picture, elsewhere a line for each judgement.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from tinyssl.core.fields import number
from tinyssl.core.progress import Silent
from tinyssl.monitor.console import print_line
from tinyssl.monitor.display import LivePicture, OpenDisplay
from tinyssl.monitor.plots import Point, plot, smoothed
from tinyssl.monitor.progress import in_ci

if TYPE_CHECKING:
    from rich.console import RenderableType

TITLES = {
    "accuracy_after": "accuracy of unseen devices, after their online steps",
    "loss_after": "loss of unseen devices, after their online steps",
    "loss": "loss of the devices that learn",
}
"""Figure -> title of its curve, in the order in which they are drawn; two of them are"""
CURVES = 2
LINES = 7
"""Of a curve"""
SMOOTHED = 40
"""Of so many points one is averaged with its neighbours"""


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
            points = self.curves[name]
            yield f"{TITLES[name]}: {points[-1][1]:.4g}"
            yield from plot(smoothed(points, len(points) // SMOOTHED), width, LINES, points[-1][0])
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


class RoundsDisplay(OpenDisplay, Protocol):
    """Shows rounds, and what the stage says while they go on."""

    def show(self, row: Mapping[str, Any]) -> None:
        """One more row of metrics.jsonl."""


def choose_rounds(stream: TextIO | None = None) -> RoundsDisplay:
    """The display that suits stderr (or `stream`)."""
    stream = stream or sys.stderr
    if stream.isatty() and not in_ci(os.environ):
        return LiveRounds()
    return LineRounds(stream)


class LineRounds(Silent):
    """A line for each judgement."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.rounds = Rounds()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def note(self, text: str) -> None:
        print_line(text, self.stream)

    def warn(self, text: str) -> None:
        self.note(f"Warning: {text}")

    def show(self, row: Mapping[str, Any]) -> None:
        """See `RoundsDisplay`."""
        self.rounds.add(row)
        if row.get("event") == "judged":
            figures = [
                f"{name.replace('_', ' ')} {self.rounds.curves[name][-1][1]:.4g}"
                for name in TITLES
                if name in self.rounds.curves
            ]
            self.note(f"{self.rounds.text()}; {', '.join(figures)}")


class LiveRounds(LivePicture):
    """The curves, live."""

    def __init__(self) -> None:
        self.rounds = Rounds()
        super().__init__(self._lines)

    def show(self, row: Mapping[str, Any]) -> None:
        """See `RoundsDisplay`."""
        self.rounds.add(row)

    def _lines(self) -> Sequence[RenderableType]:
        from rich.text import Text

        lines = self.rounds.lines(self.console.width - 1)
        return [Text(line, no_wrap=True, overflow="crop") for line in lines]
