"""Commands that a click starts: each a process of its own, with its output in a file."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tinyssl.core.errors import UsageError

END_SECONDS = 20.0
"""Time that a command gets for its last record after it was told to end"""
MOST_RUNNING = 2
"""At a time: each compiles, and runs an emulator"""
MOST_KNOWN = 100
"""Commands that are listed, the newest"""
MOST_SHOWN = 20_000
"""Last bytes of a log that a page shows"""


@dataclass
class StartedJob:
    """A command under way, or ended."""

    id: str
    title: str
    key: str
    """Of what it works on: two with the same key never run at once"""
    log: Path
    process: subprocess.Popen[bytes]
    started: str

    @property
    def state(self) -> str:
        """running, done, or failed with its exit code."""
        code = self.process.poll()
        if code is None:
            return "running"
        return "done" if code == 0 else f"failed with exit code {code}"

    def text(self) -> str:
        """The end of its output."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - MOST_SHOWN))
            return file.read().decode("utf-8", "replace")


@dataclass
class Jobs:
    """All of a server, the newest first."""

    folder: Path
    """Takes the logs"""
    _jobs: list[StartedJob] = field(default_factory=list, init=False)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def start(self, title: str, key: str, words: Sequence[str]) -> StartedJob:
        """Starts `tinyssl WORDS`.

        Args:
            title: For people.
            key: Of what it works on, for example a board.
            words: Of the command line.

        Raises:
            UsageError: One of this key is running, or `MOST_RUNNING` others.
        """
        with self._lock:
            running = [job for job in self._jobs if job.state == "running"]
            for job in running:
                if job.key == key or len(running) >= MOST_RUNNING:
                    raise UsageError(
                        f"{job.title} is still running", hint="wait until it has ended"
                    )
            now = datetime.now(UTC)
            name = f"{now:%Y%m%d-%H%M%S}-{next(self._numbers)}"
            self.folder.mkdir(parents=True, exist_ok=True)
            log = self.folder / f"{name}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "tinyssl", *words],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
                    start_new_session=True,
                )
            job = StartedJob(name, title, key, log, process, now.isoformat(timespec="seconds"))
            self._jobs.insert(0, job)
            del self._jobs[MOST_KNOWN:]
            return job

    def all(self) -> list[StartedJob]:
        """The newest first."""
        return list(self._jobs)

    def find(self, name: str) -> StartedJob | None:
        """By id."""
        return next((job for job in self._jobs if job.id == name), None)

    def end(self) -> None:
        """Tells all to end, as Ctrl-C does, and waits for them."""
        running = [job.process for job in self._jobs if job.process.poll() is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
