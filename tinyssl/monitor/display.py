"""Where the watched state is shown: live on a terminal, as lines elsewhere.

A display is a `Progress` too, and an observer of a run of this process: that is all that
`tinyssl pretrain --watch` is.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from tinyssl.core.progress import Progress, Silent, Tracker
from tinyssl.core.records import read_record
from tinyssl.monitor.console import SafeConsole, print_line
from tinyssl.monitor.progress import BarTracker, in_ci, new_bars, print_warning
from tinyssl.monitor.state import Facts, RunState, complaints, plain_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tinyssl.learn.train.observer import Metrics, TrainingRun

FRAMES = 1.0
"""Frames a second: a frame costs the training some milliseconds"""
LINE_EVERY = 10.0
"""Seconds between two lines where the output is no terminal"""


class OpenDisplay(Progress, Protocol):
    """Shows what stages say, for as long as it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Display(OpenDisplay, Protocol):
    """Shows a state, and what stages say while they run."""

    def show(self, state: RunState) -> None:
        """The state is this now."""


def choose_display(stream: TextIO | None = None) -> Display:
    """The display that suits stderr (or `stream`)."""
    stream = stream or sys.stderr
    if stream.isatty() and not in_ci(os.environ):
        return LiveDisplay()
    return LineDisplay(stream)


class Observed:
    """An observer that shows a run of this process."""

    def __init__(self, display: Display, subject: TrainingRun) -> None:
        record = subject.run.record
        self.display, self.run = display, subject.run
        self.state = RunState(Facts.of(record), record.status)
        for row in record.metrics():  # of the parts before a resume
            self.state.add(row)
        display.show(self.state)

    def on_step(self, metrics: Metrics) -> None:
        """Shows the figures of a step."""
        self.state.add({"event": "step"} | metrics)
        self.display.show(self.state)

    def on_epoch(self, metrics: Metrics) -> None:
        """Shows the figures of an epoch."""
        self.state.add({"event": "epoch"} | metrics)
        self.display.show(self.state)

    def close(self) -> None:
        """The training has ended; how, the record will say a moment later."""

    def end(self) -> None:
        """Shows how the run ended."""
        self.state.status = read_record(self.run.folder).status
        self.display.show(self.state)


class Lines(Silent):
    """A display where there is no terminal: what a stage says, line by line.

    Args:
        stream: Where they go.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def note(self, text: str) -> None:
        print_line(text, self.stream)

    def warn(self, text: str) -> None:
        self.note(f"Warning: {text}")


class LineDisplay(Lines):
    """Lines: one an epoch, one every ten seconds, and one for everything that looks bad."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._printed = 0.0
        self._epochs = 0
        self._said: set[str] = set()

    def show(self, state: RunState) -> None:
        """A line where one is due."""
        now, ended = time.monotonic(), state.status != "running"
        new_epoch = len(state.epochs) > self._epochs
        if state.steps and (ended or new_epoch or now - self._printed >= LINE_EVERY):
            self._printed, self._epochs = now, len(state.epochs)
            self.note(f"{plain_line(state)}{f'  {state.status}' if ended else ''}")
        for text in complaints(state):
            kind = text.split(" ")[0]  # the number in it changes with every step
            if kind not in self._said:
                self._said.add(kind)
                self.note(f"warning: {text}")


class LivePicture:
    """A picture that is drawn anew every second, with the bars of whatever runs below it.

    Args:
        content: Gives what is to be seen now.
    """

    def __init__(self, content: Callable[[], Sequence[RenderableType]]) -> None:
        from rich.console import Group
        from rich.live import Live

        self.console = SafeConsole(stderr=True, emoji=False)
        self._bars = new_bars(self.console)

        def picture() -> Group:
            return Group(*content(), self._bars)

        self._live = Live(console=self.console, get_renderable=picture, refresh_per_second=FRAMES)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        self.console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        print_warning(self.console, text)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        bar = BarTracker(self._bars, title, total, unit)
        try:
            yield bar
        finally:
            self._bars.remove_task(bar.task)


class LiveDisplay(LivePicture):
    """The state of a pretrain run, live."""

    def __init__(self) -> None:
        self._state: RunState | None = None
        super().__init__(self._views)

    def show(self, state: RunState) -> None:
        """The next frame shows it."""
        self._state = state

    def _views(self) -> list[RenderableType]:
        from tinyssl.monitor.view import View

        return [View(self._state)] if self._state else []
