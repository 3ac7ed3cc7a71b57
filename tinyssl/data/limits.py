"""Sizes that are checked before memory is taken."""

from __future__ import annotations

import os
from pathlib import Path

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable

CLASSES = 65_536
"""Most classes of a data set"""
NAME_CHARACTERS = 255
"""Longest name of a class"""


def memory_bytes() -> int:
    """Memory of this computer."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_memory(needed: int, what: str) -> None:
    """Raises DataError where `needed` bytes are more than this computer has."""
    if needed > memory_bytes():
        raise DataError(
            f"{what} take {needed / 2**30:,.1f} GiB; this computer has "
            f"{memory_bytes() / 2**30:,.1f} GiB",
            hint="use fewer images, or a smaller --image-size",
        )


def unreadable(path: Path | None, error: OSError) -> DataError:
    """What the system says against reading `path`, or a file below it."""
    name = error.filename if isinstance(error.filename, (str, Path)) else path
    return DataError(
        f"{printable(str(name))} cannot be read: {error.strerror or error}",
        hint="check --data-path, and that you may read it (`chmod -R u+rX FOLDER`)",
    )


def require_file(path: Path) -> None:
    """Raises DataError where `path` is no regular file: missing, a folder, a pipe or a device."""
    if not path.exists():
        raise DataError(f"{printable(str(path))} does not exist", hint="check --data-path")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or a device"
        raise DataError(f"{printable(str(path))} is {what}, not a file", hint="check --data-path")
