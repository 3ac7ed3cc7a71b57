"""Many boards at once: every one that is attached or emulated, each in a process of its own.

A board that fails is a row with its reason; the others go on.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import EXIT_FAILED, EXIT_OK, Failure, UsageError
from tinyssl.core.progress import Progress, Silent, Tracker
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import SerialPort, find_ports
from tinyssl.project import Flashed
from tinyssl.stages.fleet_worker import BenchJob, BenchOutcome, work
from tinyssl.targets.boards import Board, read_board

END_SECONDS = 20.0
"""Time that a process gets for its last record after it was told to end"""


def find_jobs(config: BenchConfig, workspace: Workspace) -> list[BenchJob]:
    """A job for each emulator that was started here and each port that a built board may be on.

    Args:
        config: Settings for all; names neither board nor port.
        workspace: Holds the builds.

    Raises:
        UsageError: There is none.
    """
    boards = _built(workspace)
    emulated = [board for board in boards if board.emulated and _flashed(board, workspace)]
    jobs = [BenchJob(replace(config, board=board.id)) for board in emulated]
    ports: dict[str, dict[str, int]] = {}
    for board in boards:
        for port in _ports(board):
            ports.setdefault(port.port, {})[board.id] = board.tinyssl.serial.baud
    for name, fitting in sorted(ports.items()):
        only = next(iter(fitting)) if len(fitting) == 1 else None
        jobs.append(BenchJob(replace(config, board=only, serial=name), boards=fitting))
    if not jobs:
        raise UsageError(
            f"no board that was built in {workspace.root} is attached or emulated",
            hint="run `tinyssl build --board …` and `tinyssl flash --board …` for each",
        )
    return jobs


def exit_code(outcomes: Sequence[BenchOutcome]) -> int:
    """0 where all were measured, the code of those that failed where they agree, else 1."""
    codes = {outcome.failure.code for outcome in outcomes if outcome.failure}
    if not codes:
        return EXIT_OK
    return codes.pop() if len(codes) == 1 else EXIT_FAILED


def bench_all(
    jobs: Sequence[BenchJob],
    workspace: Workspace,
    progress: Progress | None = None,
    *,
    at_once: int | None = None,
) -> list[BenchOutcome]:
    """Does the jobs in parallel.

    Args:
        jobs: Of `find_jobs`, or others.
        workspace: Where builds and runs are.
        progress: Shows all of them; titles begin with the board.
        at_once: Most processes at a time; default: the cores of this computer, for an emulator
            keeps one busy.

    Returns:
        The outcomes, in the order of the jobs.

    Raises:
        KeyboardInterrupt: Ctrl-C, after all processes have ended and written their records.
    """
    progress = progress or Silent()
    fleet = _Fleet(workspace, progress, at_once or os.cpu_count() or 1)
    with progress.track("boards", len(jobs), "board") as task:
        try:
            fleet.run(jobs, task)
        finally:
            fleet.end()
    return [fleet.outcomes[number] for number in range(len(jobs))]


@dataclass
class _Member:
    """A job under way."""

    number: int
    name: str
    process: BaseProcess
    tasks: dict[int, tuple[Tracker, ExitStack]] = field(default_factory=dict)
    """What it shows: number -> tracker, and what ends that"""

    def close(self, *numbers: int) -> None:
        """Ends these tasks."""
        for number in numbers:
            self.tasks.pop(number)[1].close()


@dataclass
class _Fleet:
    workspace: Workspace
    progress: Progress
    at_once: int
    members: dict[Connection, _Member] = field(default_factory=dict)
    outcomes: dict[int, BenchOutcome] = field(default_factory=dict)

    def run(self, jobs: Sequence[BenchJob], task: Tracker) -> None:
        waiting = list(enumerate(jobs))
        while waiting or self.members:
            while waiting and len(self.members) < self.at_once:
                self._start(*waiting.pop(0))
            for pipe in wait(list(self.members)):
                assert isinstance(pipe, Connection)
                self._receive(pipe, task)

    def end(self) -> None:
        """Ends what still runs: told first, killed where that does not help."""
        with _ignore_interrupts():  # a second Ctrl-C must not leave one behind
            for member in self.members.values():
                member.process.terminate()
            for member in self.members.values():
                member.process.join(END_SECONDS)
                member.process.kill()
                member.process.join()
                member.close(*member.tasks)
            self.members.clear()

    def _start(self, number: int, job: BenchJob) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(job, self.workspace, theirs), daemon=True)
        with _ignore_interrupts():  # inherited: the terminal's Ctrl-C must not cut its start
            process.start()
        theirs.close()
        self.members[ours] = _Member(number, job.name, process)

    def _receive(self, pipe: Connection, task: Tracker) -> None:
        """One message; the last, or none where the process broke, ends the member."""
        member = self.members[pipe]
        try:
            message = pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):  # it was killed, perhaps within one
            member.process.join()
            message = ("done", _broken(member))
        if message[0] != "done":
            self._show(member, message)
            return
        self.outcomes[member.number] = outcome = message[1]
        del self.members[pipe]
        member.process.join()
        member.close(*member.tasks)
        self._report(outcome)
        task.advance()

    def _show(self, member: _Member, message: tuple[Any, ...]) -> None:
        kind, *values = message
        if kind == "note":
            self.progress.note(f"{member.name}: {values[0]}")
        elif kind == "warn":
            self.progress.warn(f"{member.name}: {values[0]}")
        elif kind == "track":
            number, title, total, unit = values
            stack = ExitStack()
            bar = self.progress.track(f"{member.name}: {title}", total, unit)
            member.tasks[number] = stack.enter_context(bar), stack
        elif kind == "advance":
            number, count, fields = values
            member.tasks[number][0].advance(count, **fields)
        else:
            member.close(*values)

    def _report(self, outcome: BenchOutcome) -> None:
        if outcome.failure is not None:
            self.progress.note(f"{outcome.board}: {outcome.failure.message}")


def _broken(member: _Member) -> BenchOutcome:
    code = member.process.exitcode
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    message = f"the process that measured it ended with {how}"
    return BenchOutcome(member.name, None, Failure("BrokenProcess", EXIT_FAILED, message))


@contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """SIGINT is ignored, here and by processes that are started; only the main thread can do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _built(workspace: Workspace) -> list[Board]:
    """Boards with a finished build in their folder, by id."""
    found = []
    for path in sorted(workspace.builds.glob(f"*/{BuildInfo.FILE}")):
        file = path.parent / "boards" / f"{path.parent.name}.json"
        if file.exists():  # not `--target c`
            found.append(read_board(file))
    return found


def _flashed(board: Board, workspace: Workspace) -> bool:
    return (workspace.builds / board.id / Flashed.FILE).exists()


def _ports(board: Board) -> list[SerialPort]:
    return [] if board.emulated else find_ports(board)
