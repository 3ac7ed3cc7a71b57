"""Counts the pictures of each class of a folder, before any of them is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.kinds import EXPECTED
from tinyssl.data.layout import FolderLayout, find_layout
from tinyssl.data.left_out import describe
from tinyssl.data.names import checked_names
from tinyssl.data.walk import Listing, list_pictures

LAYOUT = "put the pictures of each class into a folder of its own: DATA/cat/…, DATA/dog/…"

HELD_OUT = 2
"""Pictures of a class that test and validation take at least"""


def require_classes(root: Path, least: int) -> dict[str, int]:
    """Pictures of each class, of all splits together.

    Args:
        root: The folder, in any layout that has classes.
        least: Smallest number of pictures that a class needs. Where the folder has splits, all but
            `HELD_OUT` of them must be training pictures.

    Returns:
        Class name -> number of pictures.

    Raises:
        DataError: No folder, no picture, pictures outside of classes, one class only, or a class
            with too few pictures.
    """
    listing = list_pictures(root)
    layout = find_layout(listing)
    if not layout.classes:
        raise _no_classes(listing, layout)
    names = dict(zip(layout.classes, checked_names(layout.classes, str(root)), strict=True))
    roles = layout.role_of or ("train",) * len(layout.class_of)
    trained = Counter(
        name for name, role in zip(layout.class_of, roles, strict=True) if role == "train"
    )
    counts = Counter(layout.class_of)
    for found, needed, what in ((counts, least, ""), (trained, least - HELD_OUT, "training ")):
        few = [f"{names[name]} {found[name]}" for name in layout.classes if found[name] < needed]
        if few:
            raise DataError(
                f"too few {what}pictures: {', '.join(few)}; at least {needed} of each class are "
                f"needed{_without(listing)}",
                hint="add pictures, or move that class out of the folder",
            )
    return {names[name]: counts[name] for name in layout.classes}


def _no_classes(listing: Listing, layout: FolderLayout) -> DataError:
    """Why the pictures have no classes."""
    names = set(layout.class_of) - {""}
    loose = [
        path
        for path, name in zip(listing.pictures, layout.class_of, strict=True)
        if not name
    ]  # fmt: skip
    if loose:
        return DataError(
            f"{len(loose):,} of {len(listing.pictures):,} pictures lie in no class folder, "
            f"{printable(str(loose[0]))} first",
            hint=LAYOUT,
        )
    only = printable("".join(names))
    return DataError(
        f"{printable(str(listing.root))} has one class only ({only}); two are the least"
        f"{_without(listing)}",
        hint=LAYOUT,
    )


def _without(listing: Listing) -> str:
    """What was left out, as it may be what is missing."""
    worth = [part for part in listing.left_out if part.kind not in EXPECTED]
    return f" (left out: {describe(worth)})" if worth else ""
