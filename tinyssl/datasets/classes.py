"""Counts the pictures of each class of a folder, before any of them is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tinyssl.datasets.folder import OWN_SPLITS, list_pictures
from tinyssl.errors import DataError

LAYOUT = "put the pictures of each class into a folder of its own: DATA/cat/…, DATA/dog/…"


def require_classes(root: Path, least: int) -> dict[str, int]:
    """Pictures of each class: every folder directly below `root` (or `root/train`) is one.

    Args:
        root: The folder.
        least: Smallest number of pictures that a class needs.

    Returns:
        Class name -> number of pictures.

    Raises:
        DataError: No folder, no picture, pictures outside of classes, one class only, or a class
            with too few pictures.
    """
    found = list_pictures(root).pictures
    depth = int({path.parts[0] if len(path.parts) > 1 else "" for path in found} == OWN_SPLITS)
    loose = [path for path in found if len(path.parts) < depth + 2]
    if loose:
        raise DataError(
            f"{len(loose):,} of {len(found):,} pictures lie in no class folder, {loose[0]} first",
            hint=LAYOUT,
        )
    counts = Counter(path.parts[depth] for path in found)
    if len(counts) < 2:
        (name,) = counts
        raise DataError(f"{root} has one class only ({name}); two are the least", hint=LAYOUT)
    few = {name: count for name, count in sorted(counts.items()) if count < least}
    if few:
        shown = ", ".join(f"{name} {count}" for name, count in few.items())
        raise DataError(
            f"too few pictures: {shown}; at least {least} of each class are needed",
            hint="add pictures, or move that class out of the folder",
        )
    return dict(sorted(counts.items()))
