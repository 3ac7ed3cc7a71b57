"""A run of another process, read from its folder as it grows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.files import MAX_LINES, Unreadable, parse_json
from tinyssl.core.records import METRICS, read_record
from tinyssl.monitor.state import Facts, RunState

SILENT_AFTER = 600.0
"""Seconds without a new figure after which a word about it is due"""


class Follower:
    """Record and metrics of a pretrain run.

    Raises:
        UsageError: The folder holds no pretrain run.
    """

    def __init__(self, folder: Path) -> None:
        record = read_record(folder)
        if record.kind != "pretrain":
            raise UsageError(f"{folder} is a {record.kind} run", hint="name a pretrain run")
        self.folder = folder
        self.state = RunState(Facts.of(record), record.status)
        self._inode = 0
        self._offset = 0
        self._rest = b""

    def read(self) -> RunState:
        """Takes in what was written since the last call; the state."""
        record = read_record(self.folder)
        self.state.facts, self.state.status = Facts.of(record), record.status
        path = self.folder / METRICS
        if path.exists():
            self._read_metrics(path)
            self.state.notes = list(self._silence(path))
        return self.state

    def _read_metrics(self, path: Path) -> None:
        with path.open("rb") as file:
            inode = path.stat().st_ino
            if inode != self._inode:  # a resumed run has dropped what it will measure again
                self.state.steps.clear()
                self.state.epochs.clear()
                self._inode, self._offset, self._rest = inode, 0, b""
            file.seek(self._offset)
            added = file.read(MAX_LINES)
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            with suppress(Unreadable):
                row = parse_json(line)
                if isinstance(row, dict):
                    self.state.add(row)

    def _silence(self, path: Path) -> Iterator[str]:
        quiet = time.time() - path.stat().st_mtime
        if self.state.status == "running" and quiet > SILENT_AFTER:
            yield (
                f"nothing new for {quiet / 60:.0f} minutes: the process may be gone "
                f"(go on with: tinyssl pretrain --resume {self.folder})"
            )
