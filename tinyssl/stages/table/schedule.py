"""Runs the open cells of a table, some side by side, until all are done or the time is over."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from tinyssl.core.errors import EXIT_INTERRUPTED, EXIT_OK
from tinyssl.core.locks import Lock
from tinyssl.core.progress import Progress, Tracker
from tinyssl.core.records import Workspace
from tinyssl.stages.rest import Rest
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.jobs import CellJob, JobPlace, here
from tinyssl.stages.table.outcome import CellOutcome, CellState, look_up
from tinyssl.stages.table.runs import last_step
from tinyssl.stages.table.status import cell_lock, left_text

POLL = 0.2
"""Seconds between two looks at the children"""
MARGIN = 20.0
"""Seconds before the end at which children are told to stop: enough for a step and a checkpoint"""
START = 60.0
"""Seconds that must be left when a training is begun: a child needs some before its first step"""
PATIENCE = 30.0
"""Seconds that a child may take to stop after Ctrl-C"""
GRACE = 30.0
"""Seconds for which a cell that another process holds is asked again: an orphan of a table that was
killed needs some to save its checkpoint"""
TRIES = 3
"""Times that a step may be killed without having moved on"""
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
    rest: Rest = field(default_factory=Rest)
    """When none of them may run"""
    place: JobPlace = field(default_factory=here)
    """Where"""


@dataclass
class _Bar:
    """Of one cell: 100 % of its training, then 100 % of each probe."""

    tracker: Tracker
    percent: int = 0

    def show(self, percent: int, text: str) -> None:
        """Never goes back."""
        percent = max(percent, self.percent)
        self.tracker.advance(percent - self.percent, now=text)
        self.percent = percent


@dataclass
class _Running:
    outcome: CellOutcome
    job: CellJob
    lock: Lock
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
    _waiting: list[Cell] = field(default_factory=list)
    _met: dict[str, float] = field(default_factory=dict)
    """Cell's key -> when another process was first found to hold it"""
    _tries: dict[str, int] = field(default_factory=dict)
    """Cell's key -> times that its step was killed without having moved on"""
    _bars: dict[str, _Bar] = field(default_factory=dict)
    """Cell's key -> what shows how far it is"""
    _begun: bool = False
    _rests: str = ""
    """Why, empty while it works"""

    def run(self) -> list[CellOutcome]:
        """Does what is left to do; the outcome of every cell, in order."""
        self._waiting = list(self.cells)
        with ExitStack() as stack, _on_signals(self._stop):
            self._stack = stack
            self._total = stack.enter_context(self.progress.track("table", len(self.cells), "cell"))
            self._tell_left()
            try:
                while (self._waiting and not self._over()) or self._running:
                    self._fill()
                    self._look()
                    if self._running or self._waiting:
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

    def _tell_left(self) -> None:
        outcomes = [self.outcome(cell) for cell in self.cells]
        self.progress.note(left_text(outcomes, self.workspace, self.how.jobs))

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

    def _resting(self) -> bool:
        """True while nothing may run; says so when that changes."""
        why = self.how.rest.why()
        if why != self._rests:
            self.progress.note(f"the table rests {why}" if why else "the table goes on")
            self._rests = why
        return bool(why)

    def _fill(self) -> None:
        """Begins cells while there are free places; those of other processes are passed over."""
        if not self._waiting or self._resting():
            return
        for cell in list(self._waiting):
            if len(self._running) >= self.how.jobs or self._over():
                return
            if self._needs_features_first(cell):
                continue
            lock = Lock(cell_lock(cell, self.workspace))
            if lock.take():
                self._waiting.remove(cell)
                self._begin(cell, lock)
            else:
                self._meet(cell, lock)

    def _meet(self, cell: Cell, lock: Lock) -> None:
        """Another process holds the cell: it is passed over unless that one is about to end."""
        now = time.monotonic()
        if now - self._met.setdefault(cell.key, now) < GRACE:
            return
        self._waiting.remove(cell)
        self.progress.note(f"{cell.name}: {lock.holder()} works on it")
        self._total.advance()

    def _needs_features_first(self, cell: Cell) -> bool:
        """True where a running cell computes the features of the same teacher."""
        busy = {_teacher(other.outcome.cell) for other in self._running if not other.trained}
        return _teacher(cell) is not None and _teacher(cell) in busy

    def _begin(self, cell: Cell, lock: Lock) -> None:
        """The next step of a cell, if it has one and it fits into the time."""
        outcome = look_up(cell, self.workspace, self.how.forgive)
        if outcome.state is not CellState.OPEN or not self._fits(outcome):
            lock.release()
            if outcome.state is CellState.FAILED:
                self._fail(cell, f"{outcome.step}: {outcome.error}")
            elif outcome.state is not CellState.OPEN:
                self._done[cell.key] = outcome
                self._total.advance()
                if cell.key in self._bars:  # it was done in this call
                    self._tell_left()
            return
        self._begun = True
        if cell.key not in self._bars:
            track = self.progress.track(cell.name, 2 * PERCENT, "%")
            self._bars[cell.key] = _Bar(self._stack.enter_context(track))
        folder = self.workspace.root / "tables" / "logs"
        words = [*outcome.words(), "--workspace", str(self.workspace.root.absolute())]
        words += ["--config", os.devnull]  # a tinyssl.toml of the workspace says nothing here
        log = folder / f"{cell.row.name}-{cell.seed}-{cell.key}.log"
        job = self.how.place.begin(words, log, lock)
        self._running.append(_Running(outcome, job, lock))

    def _fits(self, outcome: CellOutcome) -> bool:
        """A step is begun only if it can achieve something in time, or nothing was begun yet."""
        needed = START if outcome.step == "pretrain" else self.how.probe_seconds
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
        news = running.job.log.news()
        if news is None:
            return
        learning = running.outcome.step == "pretrain"
        running.trained |= not learning or (news.title.startswith("pretrain") and news.done > 0)
        percent = PERCENT * news.done // max(news.total, 1) if running.trained else 0
        shown = f"{news.title} {news.done}/{news.total} {news.text}"
        bar = self._bars[running.outcome.cell.key]
        bar.show(percent + (0 if learning else PERCENT), shown)

    def _press(self, running: _Running) -> None:
        """Asks a child to stop when it is time, and ends it when it does not.

        For a rest only a training is stopped: a probe would begin again from nothing.
        """
        now, over = time.monotonic(), self._over()
        rests = running.outcome.step == "pretrain" and self._resting()
        if running.told is None and (over or rests):
            running.told = now
            running.job.interrupt()
        elif running.told is not None and (now - running.told > PATIENCE or self._left() < 1):
            running.job.kill()

    def _end(self, running: _Running, code: int) -> None:
        """Goes on with the cell's next step, or writes down why there is none."""
        cell, before = running.outcome.cell, running.outcome
        after = look_up(cell, self.workspace, self.how.forgive)
        moved = (after.state, after.step, after.backbone) != (CellState.OPEN, *_what(before))
        if moved and not self._over() and not self._resting():
            self._begin(cell, running.lock)
            return
        running.lock.release()
        if not moved and code != EXIT_INTERRUPTED:
            error = running.job.log.error() if code != EXIT_OK else "it left no run of its settings"
            self._fail(cell, error)
        elif moved:
            self._waiting.insert(0, cell)
        elif not self._over():
            self._take_back(running, after)

    def _take_back(self, running: _Running, after: CellOutcome) -> None:
        """A step that was stopped for a rest, or killed by somebody else, is begun again later."""
        cell = running.outcome.cell
        if running.told is None and _steps(after) <= _steps(running.outcome):
            tries = self._tries[cell.key] = self._tries.get(cell.key, 0) + 1
            if tries >= TRIES:  # memory, most likely
                log = running.job.log.path
                self._fail(cell, f"{after.step} was killed {tries} times, see {log}")
                return
        if running.told is None:
            self.progress.note(f"{cell.name}: {after.step} was killed; it goes on later")
        self._waiting.insert(0, cell)

    def _fail(self, cell: Cell, message: str) -> None:
        self._failed[cell.key] = message
        self.progress.note(f"{cell.name} failed: {message}")
        self._total.advance()


def _what(outcome: CellOutcome) -> tuple[str, Path | None]:
    """What a step does to a cell: no two steps of a cell are equal in it."""
    return outcome.step, outcome.backbone


def _steps(outcome: CellOutcome) -> int:
    """Steps that its training has logged."""
    return last_step(outcome.pretrain) if outcome.pretrain is not None else 0


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
