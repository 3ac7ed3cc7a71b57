"""Progress on stderr: bars on a terminal, lines in CI or with -v, elsewhere warnings alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from tinyssl.core.progress import Progress, Silent, Tracker
from tinyssl.core.text import printable
from tinyssl.monitor.console import SafeConsole, print_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

LINE_EVERY = 5.0
"""Seconds between two plain lines of one task"""


def in_ci(environ: Mapping[str, str]) -> bool:
    """True where the variable CI is set and does not say no."""
    return environ.get("CI", "").lower() not in ("", "0", "false", "no")


def choose_progress(
    environ: Mapping[str, str],
    *,
    quiet: bool = False,
    verbose: bool = False,
    stream: TextIO | None = None,
) -> Progress:
    """The display that suits stderr (or `stream`)."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    if in_ci(environ) or (verbose and not stream.isatty()):
        return PlainProgress(stream)
    return BarProgress() if stream.isatty() else WarningsOnly(stream)


def format_fields(fields: Mapping[str, object]) -> str:
    """`loss=0.123 rate=56` for what a tracker was told beside its count."""
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else printable(f"{name}={value}")
        for name, value in fields.items()
    )


class _Line:
    """Tracker that prints a line now and then."""

    def __init__(self, title: str, total: int, unit: str, stream: TextIO) -> None:
        self.title, self.total, self.unit, self.stream = title, total, unit, stream
        self.done = 0
        self.fields: dict[str, object] = {}
        self.start = self.last = time.monotonic()
        self.before: int | None = None
        """Count of the first advance, no part of the rate: a resumed task starts with what was done
        """

    def advance(self, count: int = 1, **fields: object) -> None:
        self.done += count
        if self.before is None:
            self.before, self.start = count, time.monotonic()
        self.fields |= fields
        if time.monotonic() - self.last >= LINE_EVERY:
            self.print()

    def print(self) -> None:
        """One line: count, rate and remaining time."""
        self.last = time.monotonic()
        rate = (self.done - (self.before or 0)) / max(self.last - self.start, 1e-9)
        left = (self.total - self.done) / rate if rate else 0.0
        text = (
            f"{self.title}: {self.done}/{self.total} {self.unit} ({rate:.4g}/s, {left:.0f} s left)"
        )
        print_line(printable(f"{text} {format_fields(self.fields)}"), self.stream)


class WarningsOnly(Silent):
    """For logs: what a reader must know, each text once."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._warned: set[str] = set()

    def warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            print_line(f"Warning: {printable(text)}", self.stream)


class PlainProgress(WarningsOnly):
    """Plain lines, for logs."""

    def note(self, text: str) -> None:
        print_line(text, self.stream)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        line = _Line(title, total, unit, self.stream)
        try:
            yield line
        finally:
            line.print()


class BarTracker:
    """Tracker that moves a bar."""

    def __init__(self, bars: Bars, title: str, total: int, unit: str) -> None:
        self.bars, self.unit = bars, unit
        self.task = bars.add_task(printable(title), total=total, rate=f"- {unit}/s", fields="")
        self.fields: dict[str, object] = {}

    def advance(self, count: int = 1, **fields: object) -> None:
        self.fields |= fields
        speed = self.bars.tasks[self.bars.task_ids.index(self.task)].speed
        rate = f"{speed:.4g} {self.unit}/s" if speed else f"- {self.unit}/s"
        self.bars.update(self.task, advance=count, rate=rate, fields=format_fields(self.fields))


class BarProgress:
    """Bars with rate and remaining time, on a terminal."""

    def __init__(self) -> None:
        self.console = SafeConsole(stderr=True, emoji=False)
        self._bars: Bars | None = None
        self._warned: set[str] = set()

    def warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            print_warning(self.console, text)

    def note(self, text: str) -> None:
        # soft wrap: a command to be copied must not be broken by the width of the terminal
        self.console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        if self._bars is not None:  # inside another task: one more bar in the same display
            yield BarTracker(self._bars, title, total, unit)
            return
        with new_bars(self.console) as bars:
            self._bars = bars
            try:
                yield BarTracker(bars, title, total, unit)
            finally:
                self._bars = None


def print_warning(console: Console, text: str) -> None:
    """One line; a path in it is not broken by the width of the terminal."""
    line = f"Warning: {text}"
    console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def new_bars(console: Any) -> Bars:
    """An empty set of bars in our columns."""
    from rich import progress
    from rich.table import Column

    def whole() -> Column:
        """A column that is never cut or folded: where it is narrow, the bar gives way."""
        return Column(no_wrap=True)

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(table_column=whole()),
        progress.TextColumn("{task.fields[rate]}", markup=False),
        progress.TimeRemainingColumn(table_column=whole()),
        progress.TextColumn("{task.fields[fields]}", markup=False),
        console=console,
    )
