"""Runs the open cells of a table, some side by side, until all are done or the time is over."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType

from tinyssl.core.errors import EXIT_INTERRUPTED, EXIT_OK
from tinyssl.core.locks import Lock
from tinyssl.core.progress import Progress, Tracker
from tinyssl.core.records import Workspace
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.jobs import CellProcess
from tinyssl.stages.table.outcome import CellOutcome, CellState, look_up

POLL = 0.2
"""Seconds between two looks at the children"""
MARGIN = 20.0
"""Seconds before the end at which children are told to stop: enough for a step and a checkpoint"""
START = 60.0
"""Seconds that must be left when a training is begun: a child needs some before its first step"""
PATIENCE = 30.0
"""Seconds that a child may take to stop after Ctrl-C"""
PERCENT = 100


@dataclass(frozen=True)
class How:
    """How the cells are run."""

    jobs: int = 1
    minutes: float | None = None
    """Stop before so many are over"""
    start: float = field(default_factory=time.monotonic)
    """When they began, on the monotonic clock"""
    forgive: str = ""
    """As in `look_up`"""
    probe_seconds: float = 0.0
    """What a probe is known to take; it cannot be gone on with, so none is begun in vain"""

    @property
    def threads(self) -> int:
        """OpenMP threads of a child."""
        return max((os.cpu_count() or 1) // self.jobs, 1)


@dataclass
class _Running:
    outcome: CellOutcome
    job: CellProcess
    lock: Lock
    tracker: Tracker
    percent: int = 0
    told: float | None = None
    """When it was asked to stop"""
    trained: bool = False
    """Whether its first step is done: the teacher's features are on disk then"""


@dataclass
class Scheduler:
    """One call of `tinyssl table`.

    Args:
        cells: In the order in which they are begun.
        how: How many at once, how long.
        workspace: Where their runs go.
        progress: Told what happens.
    """

    cells: Sequence[Cell]
    how: How
    workspace: Workspace
    progress: Progress
    stopped: bool = False
    """By Ctrl-C or because the time was over"""
    _failed: dict[str, str] = field(default_factory=dict)
    """Cell's key -> message, of cells that failed before there was a record"""
    _done: dict[str, CellOutcome] = field(default_factory=dict)
    _running: list[_Running] = field(default_factory=list)
    _begun: bool = False

    def run(self) -> list[CellOutcome]:
        """Does what is left to do; the outcome of every cell, in order."""
        waiting = list(self.cells)
        with ExitStack() as stack, _on_signals(self._stop):
            self._stack = stack
            self._total = stack.enter_context(self.progress.track("table", len(self.cells), "cell"))
            try:
                while (waiting and not self._over()) or self._running:
                    self._fill(waiting)
                    self._look()
                    if self._running:
                        time.sleep(POLL)
            finally:  # a second Ctrl-C, or a mistake of ours: no child is left alone
                for running in self._running:
                    running.job.kill()
        return [self.outcome(cell) for cell in self.cells]

    def outcome(self, cell: Cell) -> CellOutcome:
        """How far a cell is now."""
        if cell.key in self._failed:
            error = self._failed[cell.key]
            return replace(look_up(cell, self.workspace), state=CellState.FAILED, error=error)
        return self._done.get(cell.key) or look_up(cell, self.workspace, self.how.forgive)

    def _over(self) -> bool:
        """True when no step may be begun any more."""
        return self.stopped or self._left() <= MARGIN

    def _left(self) -> float:
        """Seconds until the time is over."""
        if self.how.minutes is None:
            return float("inf")
        return self.how.minutes * 60 - (time.monotonic() - self.how.start)

    def _stop(self) -> None:
        self.stopped = True

    def _fill(self, waiting: list[Cell]) -> None:
        """Begins cells while there are free places; those of other processes are passed over."""
        while waiting and len(self._running) < self.how.jobs and not self._over():
            cell = self._next(waiting)
            if cell is None:
                return
            waiting.remove(cell)
            lock = Lock(self.workspace.root / "tables" / "locks" / f"{cell.key}.lock")
            if not lock.take():
                self.progress.note(f"{cell.name}: {lock.holder()} works on it")
                self._total.advance()
                continue
            self._begin(cell, lock, None)

    def _next(self, waiting: Sequence[Cell]) -> Cell | None:
        """The first cell that need not wait for another one to compute the teacher's features."""
        busy = {_teacher(other.outcome.cell) for other in self._running if not other.trained}
        for cell in waiting:
            if _teacher(cell) is None or _teacher(cell) not in busy:
                return cell
        return None

    def _begin(self, cell: Cell, lock: Lock, tracker: Tracker | None) -> None:
        """The next step of a cell, if it has one and it fits into the time."""
        outcome = look_up(cell, self.workspace, self.how.forgive)
        if outcome.state is not CellState.OPEN or not self._fits(outcome):
            lock.release()
            if outcome.state is CellState.FAILED:
                self._fail(cell, f"{outcome.step}: {outcome.error}")
            elif outcome.state is not CellState.OPEN:
                self._done[cell.key] = outcome
                self._total.advance()
            return
        self._begun = True
        if tracker is None:
            track = self.progress.track(cell.name, 2 * PERCENT, "%")
            tracker = self._stack.enter_context(track)
        folder = self.workspace.root / "tables" / "logs"
        words = [*outcome.words(), "--workspace", str(self.workspace.root.absolute())]
        words += ["--config", os.devnull]  # a tinyssl.toml of the workspace says nothing here
        log = folder / f"{cell.row.name}-{cell.seed}-{cell.key}.log"
        job = CellProcess(words, log, lock, self.how.threads)
        self._running.append(_Running(outcome, job, lock, tracker))

    def _fits(self, outcome: CellOutcome) -> bool:
        """A step is begun only if it can achieve something in time, or nothing was begun yet."""
        needed = self.how.probe_seconds if outcome.step == "probe" else START
        return not self._begun or self._left() > needed

    def _look(self) -> None:
        for running in list(self._running):
            self._show(running)
            code = running.job.ended()
            if code is None:
                self._press(running)
                continue
            self._running.remove(running)
            self._end(running, code)

    def _show(self, running: _Running) -> None:
        news = running.job.news()
        if news is None:
            return
        learning = running.outcome.step == "pretrain"
        running.trained |= not learning or (news.title.startswith("pretrain") and news.done > 0)
        percent = PERCENT * news.done // max(news.total, 1) if running.trained else 0
        percent = max(percent + (0 if learning else PERCENT), running.percent)
        shown = f"{news.title} {news.done}/{news.total} {news.text}"
        running.tracker.advance(percent - running.percent, now=shown)
        running.percent = percent

    def _press(self, running: _Running) -> None:
        """Asks a child to stop when it is time, and ends it when it does not."""
        now = time.monotonic()
        if running.told is None and self._over():
            running.told = now
            running.job.interrupt()
        elif running.told is not None and (now - running.told > PATIENCE or self._left() < 1):
            running.job.kill()

    def _end(self, running: _Running, code: int) -> None:
        """Goes on with the cell's next step, or writes down why there is none."""
        cell = running.outcome.cell
        after = look_up(cell, self.workspace, self.how.forgive)
        moved = (after.state, after.step) != (CellState.OPEN, running.outcome.step)
        if code == EXIT_INTERRUPTED and not moved:
            running.lock.release()
            if not self._over():  # killed by somebody else: memory, most likely
                self._fail(cell, f"{running.outcome.step} was killed, see {running.job.log}")
            return
        if not moved:
            message = running.job.error() if code != EXIT_OK else "it left no run of its settings"
            running.lock.release()
            self._fail(cell, message)
        elif self._over():
            running.lock.release()
        else:
            self._begin(cell, running.lock, running.tracker)

    def _fail(self, cell: Cell, message: str) -> None:
        self._failed[cell.key] = message
        self.progress.note(f"{cell.name} failed: {message}")
        self._total.advance()


def _teacher(cell: Cell) -> tuple[object, ...] | None:
    """What decides which cache of features a cell fills; None where it has no teacher."""
    config = cell.pretrain
    if config.teacher is None or config.teacher_mode != "cached":
        return None
    return (config.teacher, config.teacher_arch, config.teacher_size, cell.images["fingerprint"])


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks the children to stop; a second one acts as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        signal.signal(number, before[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])
