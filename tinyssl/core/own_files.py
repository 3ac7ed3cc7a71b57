"""Files at a place that others can foresee: opened so that no link leads elsewhere.

In a folder that several users share somebody can put a link where a log or a lock will be. What is
written there would overwrite whatever the link points to.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from tinyssl.core.errors import UsageError

MODE = 0o644


def new_file(path: Path) -> int:
    """Opens a new, empty file for writing; what was there, a file or a link, is removed first.

    Returns:
        Its file descriptor.

    Raises:
        OSError: It cannot be made, or somebody else was quicker.
    """
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)


def own_file(path: Path, *, append: bool = False) -> int:
    """Opens a file for reading and writing, which is made where it is not there.

    Args:
        path: The file.
        append: Everything is written at its end.

    Returns:
        Its file descriptor.

    Raises:
        UsageError: There is a link at its place.
        OSError: It cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | (os.O_APPEND if append else 0)
    try:
        return os.open(path, flags, MODE)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise UsageError(
            f"{path} is a link, and tinyssl does not write through it", hint=f"remove {path}"
        ) from error
