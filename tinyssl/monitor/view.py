"""The live view of a pretrain run: curves, figures and plain words, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tinyssl.monitor.console import SafeConsole
from tinyssl.monitor.plots import plot, smoothed, sparkline
from tinyssl.monitor.state import RunState, clock, complaints, figure_text

WIDE = 110
"""Columns from which the two curves stand beside each other"""
FRAME_LINES = 14
"""Lines beside the curves, about"""
LEAST, MOST = 4, 12
"""Lines of a curve"""
SMOOTHED = 40
"""Of so many points of a curve one is averaged with its neighbours: single batches differ much"""
NOTES = 3
"""Notes that stay on the screen"""
TITLES = {
    "lr": "learning rate",
    "gradient_norm": "gradient norm",
    "knn": "kNN accuracy",
}
STATUS_STYLES = {"running": "green", "complete": "bold green"}


@dataclass(frozen=True)
class View:
    """The state as rich draws it; made anew for every frame."""

    state: RunState

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.size.height
        yield from _head(self.state, width)
        yield from _curves(self.state, width, height)
        yield _figures(self.state, width)
        for text in complaints(self.state):
            yield Text(f"! {text}", style="bold yellow")
        for note in self.state.notes[-NOTES:]:
            yield Text(note, style="dim")


def _head(state: RunState, width: int) -> Iterator[RenderableType]:
    facts = state.facts
    style = STATUS_STYLES.get(state.status, "bold red")
    yield Text.assemble((facts.name, "bold"), "  ", (state.status, style))
    yield Text(f"{facts.method}, {facts.backbone}, {facts.data}")
    if facts.teacher:
        yield Text(f"teacher: {facts.teacher}")
    if state.stage and facts.stages:
        what = facts.stages[min(state.stage, len(facts.stages)) - 1]
        yield Text(f"stage {state.stage} of {len(facts.stages)}: {what}")
    words = [f"epoch {state.epoch:.2f} of {facts.epochs}"]
    if state.rate:
        words.append(f"{state.rate:.0f} images/s")
    if state.seconds_left is not None and state.status == "running":
        words.append(f"{clock(state.seconds_left)} left")
    line = "  ".join(words)
    row = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=1.0, completed=state.progress, width=max(width - len(line) - 4, 10))
    row.add_row(Text(line), bar)
    yield row


def _curves(state: RunState, width: int, height: int) -> Iterator[RenderableType]:
    """Loss, and kNN where it was measured: side by side where there is room."""
    names = [name for name in ("loss", "knn") if state.series(name)]
    if not names:
        yield Text("waiting for the first figures …", style="dim")
        return
    beside = width >= WIDE and len(names) > 1
    lines = (height - FRAME_LINES) // (1 if beside else len(names))
    lines = min(max(lines, LEAST), MOST)
    columns = width // 2 - 2 if beside else width - 1
    drawn = [_curve(state, name, columns, lines) for name in names]
    if not beside:
        yield from drawn
        return
    row = Table.grid(padding=(0, 2))
    row.add_row(*drawn)
    yield row


def _curve(state: RunState, name: str, width: int, lines: int) -> RenderableType:
    points, scale = state.series(name), 100 if name == "knn" else 1
    scaled = [(x, y * scale) for x, y in smoothed(points, len(points) // SMOOTHED)]
    title = Text.assemble((TITLES.get(name, name), "bold"), f"  {figure_text(name, points[-1][1])}")
    if name == "knn":
        epoch, best = max(points, key=lambda point: point[1])
        title.append(f"  best {100 * best:.1f} % at epoch {epoch:g}")
        if state.facts.classes:
            title.append(f", guessing gives {100 / state.facts.classes:.1f} %")
    curve = plot(scaled, width, lines, max(state.epoch, 1e-9))
    return Group(title, Text("\n".join(curve), no_wrap=True, overflow="crop"))


def _figures(state: RunState, width: int) -> Table:
    """A line a figure: value now, and how it went."""
    table = Table.grid(padding=(0, 2))
    room = max(width - 34, 8)
    for name in ("lr", "spread", "gradient_norm", *state.own_figures()):
        points = state.series(name)
        if points:
            value = figure_text(name, points[-1][1])
            curve = sparkline(points, min(room, 60), max(state.epoch, 1e-9))
            table.add_row(Text(TITLES.get(name, name)), Text(value), Text(curve, style="cyan"))
    return table


def lines_of(view: View, width: int, height: int) -> Sequence[str]:
    """The view as plain text, for tests and files."""
    console = SafeConsole(width=width, height=height, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get().rstrip("\n").split("\n")
