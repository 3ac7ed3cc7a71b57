"""Keeps what C++ libraries print away from the terminal.

TensorFlow Lite Micro, LiteRT and the converter write to the process's own stdout and stderr, past
`sys.stdout`. Results go to stdout, so this must not.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class Captured:
    """What was printed inside a `captured` block."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text: str | None = None

    @property
    def text(self) -> str:
        """All of it, also while the block still runs."""
        if self._text is None:
            size = os.fstat(self._file.fileno()).st_size
            return os.pread(self._file.fileno(), size, 0).decode("utf-8", "replace")
        return self._text

    def close(self) -> None:
        """Keeps the text, gives the file back."""
        self._text = self.text
        self._file.close()


@contextmanager
def captured() -> Iterator[Captured]:
    """Takes file descriptors 1 and 2 (and Python warnings) for the length of the block.

    The process's descriptors are one for all threads: a progress bar drawn meanwhile is lost too.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        result = Captured(file)
        saved = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield result
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            result.close()
