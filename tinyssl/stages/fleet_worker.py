"""One board's measurement in a process of its own: what it says goes to the parent as messages.

A process, because the reference engine computes beside the device, and because nothing that one
board does (a hang, a crash of a library) may reach the others. The messages, first to last:

    ("note", text), ("track", number, title, total, unit), ("advance", number, count, fields),
    ("end", number), and last ("done", Outcome)
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from tinyssl.core.config import BenchConfig, FlashConfig
from tinyssl.core.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    DeviceError,
    DeviceTimeout,
    Failure,
    TinysslError,
)
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.core.text import printable
from tinyssl.device import Session, emulator, open_link
from tinyssl.stages.bench import bench
from tinyssl.stages.flash import flash


@dataclass(frozen=True)
class BenchJob:
    """What is to be measured."""

    config: BenchConfig
    """Names the board, or the port of one whose name must be asked for"""
    flash: FlashConfig | None = None
    """Put the build on the board first, and end its emulator afterwards"""
    boards: Mapping[str, int] = field(default_factory=dict)
    """Boards that may be on the port, where its USB ids fit several -> their baud rates"""

    @property
    def name(self) -> str:
        """The board, or the port as long as that is not known."""
        return self.config.board or str(self.config.serial)


@dataclass(frozen=True)
class BenchOutcome:
    """How a job ended."""

    board: str
    run: Path | None = None
    """Folder of the bench run; None where there is none. It may be a failed one"""
    failure: Failure | None = None
    """None: everything was measured"""


@dataclass
class _Tracker:
    pipe: Connection
    number: int

    def advance(self, count: int = 1, **fields: object) -> None:
        self.pipe.send(("advance", self.number, count, fields))


class PipeProgress:
    """A `Progress` that tells another process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._numbers = itertools.count()

    def note(self, text: str) -> None:
        self._pipe.send(("note", text))

    def warn(self, text: str) -> None:
        self._pipe.send(("warn", text))

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[_Tracker]:
        number = next(self._numbers)
        self._pipe.send(("track", number, title, total, unit))
        try:
            yield _Tracker(self._pipe, number)
        finally:
            self._pipe.send(("end", number))


def work(job: BenchJob, workspace: Workspace, pipe: Connection) -> None:
    """The process: does a job, sends its outcome, ends.

    SIGTERM, which is how the parent ends it, is Ctrl-C to the stages: they leave valid records. The
    terminal's own Ctrl-C goes to the parent alone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    pipe.send(("done", do(job, workspace, PipeProgress(pipe))))


def do(job: BenchJob, workspace: Workspace, progress: Progress) -> BenchOutcome:
    """Flashes where the job says so, and measures; an error is an outcome, too."""
    before = set(workspace.runs.glob("bench-*"))
    board = job.name
    failure = None
    try:
        config = BenchConfig(**(vars(job.config) | {"board": _board(job)}))
        board = str(config.board)
        _flash_and_bench(job, config, workspace, progress)
    except TinysslError as error:
        failure = Failure.of(error)
    except KeyboardInterrupt:
        failure = Failure("KeyboardInterrupt", EXIT_INTERRUPTED, "interrupted")
    except Exception as error:  # a row of the table says so; the other boards go on
        kind = type(error).__name__
        failure = Failure(kind, EXIT_FAILED, f"{kind}: {error}", "run `tinyssl bench -v` alone")
    new = [run for run in workspace.all("bench") if run.folder not in before]
    mine = [run.folder for run in new if run.config.get("board") == board]
    return BenchOutcome(board, mine[-1] if mine else None, failure)


def _flash_and_bench(
    job: BenchJob, config: BenchConfig, workspace: Workspace, progress: Progress
) -> None:
    try:
        if job.flash is not None:
            flash(job.flash, workspace, progress)
        bench(config, workspace, progress)
    finally:
        if job.flash is not None:  # an emulator never rests
            emulator.stop(workspace.builds / str(config.board))


def _board(job: BenchJob) -> str:
    """The board of a job: of several that may be on a port, the one that answers.

    Raises:
        DeviceError: Another one answers.
        DeviceTimeout: None does.
    """
    if job.config.board is not None:
        return job.config.board
    port = str(job.config.serial)
    name = _ask_name(job, port)
    if name not in job.boards:
        raise DeviceError(
            f"{printable(name)} is on {port}, and has no build here",
            hint=f"run `tinyssl build --board {printable(name)}` and `tinyssl flash`",
        )
    return name


def _ask_name(job: BenchJob, port: str) -> str:
    rates = {job.config.baud} if job.config.baud else set(job.boards.values())
    *others, last = sorted(rates)
    for rate in others:
        try:
            return _name_at(port, rate, job.config.timeout)
        except DeviceTimeout:
            continue
    return _name_at(port, last, job.config.timeout)


def _name_at(port: str, baud: int, timeout: float) -> str:
    with Session(open_link(port, baud), timeout) as session:
        return session.sync()


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: records are being written now
    raise KeyboardInterrupt
