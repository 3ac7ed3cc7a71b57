"""Locks between processes: of a build folder, a cell of a table, a run, an entry of a cache.

The system frees a lock when its holder ends, however it ends, so nothing blocks after a crash. The
file says who holds it. It is removed on release; one that a crash left behind, or that was copied
with a workspace, blocks nobody.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.own_files import own_file

NAME_BYTES = 256
"""What is read of a lock file to name its holder"""


class Lock:
    """One process holds it at a time; so does a child that inherits its file.

    Args:
        path: The lock file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, *, wait: bool = False) -> bool:
        """Whether the lock is ours now. With `wait` it always is, sooner or later.

        Raises:
            UsageError: There is a link at its place.
            OSError: The file cannot be made, or the file system has no locks.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            file = own_file(self.path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                os.close(file)
                return False
            except BaseException:
                os.close(file)
                raise
            if self._is_current(file):
                self._sign(file)
                self._file = file
            else:  # its holder removed it between our two calls
                os.close(file)
        return True

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self.path.lstat())
        except FileNotFoundError:
            return False

    def _sign(self, file: int) -> None:
        os.ftruncate(file, 0)
        try:
            os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        except OSError:  # a full disk: the lock holds all the same, without a name
            return

    def is_held(self) -> bool:
        """Whether anybody holds it now; the file stays as it is.

        Raises:
            OSError: The file cannot be read.
        """
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def holder(self) -> str:
        """Who holds it: `process 12 on name`."""
        try:
            with self.path.open("rb") as file:
                text = file.read(NAME_BYTES).decode(errors="replace").strip()
        except OSError:
            text = ""
        return text if text.startswith("process ") and text.isprintable() else "another process"

    def fileno(self) -> int:
        """Of the open file, for a child to inherit."""
        if self._file is None:
            raise ValueError(f"{self.path} is not held")
        return self._file

    def release(self) -> None:
        """Gives it back; does nothing where it is not held."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            if self._is_current(file):
                self.path.unlink(missing_ok=True)
        except OSError:  # the folder is gone or read-only
            pass
        finally:
            os.close(file)

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)


@contextmanager
def held(path: Path, message: str) -> Iterator[Lock]:
    """Holds a lock for a block.

    Raises:
        UsageError: Another process has it: `message`, and which one.
    """
    lock = take_or_refuse(path, message)
    try:
        yield lock
    finally:
        lock.release()


def take_or_refuse(path: Path, message: str) -> Lock:
    """A lock that is ours, until `release`.

    Raises:
        UsageError: Another process has it: `message`, and which one.
    """
    lock = Lock(path)
    if not lock.take():
        raise UsageError(f"{message}: {lock.holder()}", hint="wait for it to end, or stop it")
    return lock
