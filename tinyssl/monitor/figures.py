"""Figures of work that goes on in this process: a picture on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tinyssl.monitor.display import Lines, LivePicture, OpenDisplay
from tinyssl.monitor.plots import Point, plot, smoothed
from tinyssl.monitor.progress import in_ci

if TYPE_CHECKING:
    from rich.console import RenderableType

LINES = 7
"""Of a curve"""
SMOOTHED = 40
"""Of so many points one is averaged with its neighbours"""


class Figures(Protocol):
    """What was told so far."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one more row in."""

    def lines(self, width: int) -> Iterator[str]:
        """The picture."""

    def due(self, row: Mapping[str, Any]) -> str:
        """What a row is worth where there is no terminal; empty: no line."""


class FiguresDisplay(OpenDisplay, Protocol):
    """Shows figures, and what the stage says while they come."""

    def show(self, row: Mapping[str, Any]) -> None:
        """One more row."""


def curve(title: str, points: Sequence[Point], width: int) -> Iterator[str]:
    """A title with the last value, and the plot below it."""
    yield f"{title}: {points[-1][1]:.4g}"
    yield from plot(smoothed(points, len(points) // SMOOTHED), width, LINES, points[-1][0])


def choose_figures(figures: Figures, stream: TextIO | None = None) -> FiguresDisplay:
    """The display that suits stderr (or `stream`)."""
    stream = stream or sys.stderr
    if stream.isatty() and not in_ci(os.environ):
        return LiveFigures(figures)
    return LineFigures(figures, stream)


class LineFigures(Lines):
    """A line for each row that is worth one."""

    def __init__(self, figures: Figures, stream: TextIO) -> None:
        super().__init__(stream)
        self.figures = figures

    def show(self, row: Mapping[str, Any]) -> None:
        """See `FiguresDisplay`."""
        self.figures.add(row)
        if text := self.figures.due(row):
            self.note(text)


class LiveFigures(LivePicture):
    """The curves, live."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        super().__init__(self._lines)

    def show(self, row: Mapping[str, Any]) -> None:
        """See `FiguresDisplay`."""
        self.figures.add(row)

    def _lines(self) -> Sequence[RenderableType]:
        from rich.text import Text

        lines = self.figures.lines(self.console.width - 1)
        return [Text(line, no_wrap=True, overflow="crop") for line in lines]
