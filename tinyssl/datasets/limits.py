"""Sizes that are checked before memory is taken."""

from __future__ import annotations

import os
from pathlib import Path

from tinyssl.errors import DataError
from tinyssl.text import printable

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


def require_file(path: Path) -> None:
    """Raises DataError where `path` is no regular file: missing, a folder, a pipe or a device."""
    if not path.exists():
        raise DataError(f"{printable(str(path))} does not exist", hint="check --data-path")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or a device"
        raise DataError(f"{printable(str(path))} is {what}, not a file", hint="check --data-path")
