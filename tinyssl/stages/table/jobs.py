"""One step of a cell as a child process: `python -m tinyssl …` through the public command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tinyssl.core.child_environment import child_environment
from tinyssl.core.errors import EXIT_INTERRUPTED
from tinyssl.core.locks import Lock
from tinyssl.core.own_files import own_file

PROGRESS = re.compile(r"^(?P<title>[^:]+): (?P<done>\d+)/(?P<total>\d+) \S+ \((?P<rest>.*)$")
"""A line of progress as the command line prints it where there is no terminal"""
ERROR = re.compile(r"^Error:\s*(?P<text>.*)$", re.MULTILINE)
TAIL = 4000
"""Bytes of a log that are looked at"""


def be_nice(least: int) -> None:
    """Gives this process, and what it starts, at least this niceness."""
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), least))


@dataclass(frozen=True)
class News:
    """What a child said last."""

    title: str
    done: int
    total: int
    text: str
    """Rate, time left and figures"""


class CellJob(Protocol):
    """A step of a cell at work, on this computer or another one."""

    log: CellLog

    def ended(self) -> int | None:
        """Exit code, None while it runs; killed by a signal counts as interrupted."""

    def interrupt(self) -> None:
        """As Ctrl-C: a training stops with a checkpoint."""

    def kill(self) -> None:
        """At once; what it had not saved is lost."""


class JobPlace(Protocol):
    """Where steps of cells are done."""

    def begin(self, words: list[str], log: Path, lock: Lock) -> CellJob:
        """Starts `tinyssl` with these arguments; its output goes to the end of `log`."""


class CellLog:
    """What a step prints: from the end that the file has now.

    Args:
        path: Of the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._start = path.stat().st_size if path.exists() else 0

    def news(self) -> News | None:
        """The last line of progress."""
        for line in reversed(self._tail().splitlines()):
            found = PROGRESS.match(line)
            if found:
                done, total = int(found["done"]), int(found["total"])
                return News(found["title"], done, total, found["rest"].replace(")", ","))
        return None

    def error(self) -> str:
        """The message with which it ended."""
        text = self._tail()
        found = ERROR.findall(text)
        return found[-1] if found else next(reversed(text.strip().splitlines()), "no output")

    def _tail(self) -> str:
        if not self.path.exists():  # a job on another computer has not begun yet
            return ""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, size - TAIL))
            return file.read().decode(errors="replace")


@dataclass(frozen=True)
class Here:
    """On this computer."""

    threads: int
    """For OpenMP, of each child"""

    def begin(self, words: list[str], log: Path, lock: Lock) -> CellProcess:
        """Starts a child. It inherits the lock: the cell stays taken while an orphan works on it.

        Where we are killed, the child gets SIGTERM, so a training saves a checkpoint and ends.
        """
        return CellProcess(words, CellLog(log), self.threads, signal.SIGTERM, lock)


def here(jobs: int = 1) -> Here:
    """Children of this process, with the cores shared out to so many."""
    return Here(max((os.cpu_count() or 1) // jobs, 1))


class CellProcess:
    """A running child.

    Args:
        words: Arguments of `tinyssl`.
        log: File that its output is appended to.
        threads: For OpenMP.
        orphaned: Signal that it gets when this process ends.
        lock: That it inherits.
    """

    def __init__(
        self,
        words: list[str],
        log: CellLog,
        threads: int,
        orphaned: int,
        lock: Lock | None = None,
    ) -> None:
        self.log = log
        self._file: IO[bytes] = os.fdopen(own_file(log.path, append=True), "ab")
        ours = (str(int(orphaned)), str(os.getpid()))
        # -v: progress as lines, and tracebacks; a session of its own: Ctrl-C comes from us alone
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tinyssl.core.child_main", *ours, *words, "-v"],
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=self._file,
            env=child_environment(threads),
            start_new_session=True,
            pass_fds=() if lock is None else (lock.fileno(),),
        )

    def ended(self) -> int | None:
        """Exit code, None while it runs; killed by a signal counts as interrupted."""
        code = self._process.poll()
        if code is None:
            return None
        self._file.close()
        return EXIT_INTERRUPTED if code < 0 else code

    def interrupt(self) -> None:
        """As Ctrl-C: a training stops with a checkpoint."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """At once; what it had not saved is lost."""
        self._process.kill()
        self._process.wait()
