"""A folder of pictures, in class folders or not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import UNLABELLED, DataReader, Images, Indices, Reading, Source
from tinyssl.data.kinds import ADVICE, FOUND_ADVICE, recognise
from tinyssl.data.layout import FolderLayout, find_layout
from tinyssl.data.limits import require_memory
from tinyssl.data.names import checked_names
from tinyssl.data.pixels import Size, fit_to, to_rgb
from tinyssl.data.walk import Listing, list_pictures

NAMED = 10
"""Damaged pictures that an error names"""
PICTURE_BYTES = 1 << 30
"""Largest file that is opened; some decoders read all of it before they look at it"""
REPAIR = "repair these files, delete them or move them out of the folder"


def read_folder(config: DataConfig, progress: Progress) -> Source:
    """Reads all pictures below `data_path`, as deep as they lie.

    Folders named train, val and test (or alike, `split_names`) are the splits. Classes are the
    folders directly below, if every picture lies in one and there are two or more; otherwise the
    pictures are unlabelled. Folders that only hold one other folder are looked through. Links are
    followed; hidden files and folders are left out. Of an animation the first picture counts.

    Raises:
        UsageError: No `data_path`.
        DataError: No such folder, no picture in it, folders that cannot be told, or pictures that
            cannot be read.
    """
    if config.data_path is None:
        raise UsageError("dataset folder needs a folder", hint="name it with --data-path FOLDER")
    listing = list_pictures(config.data_path)
    layout = find_layout(listing)
    names = checked_names(layout.classes, printable(str(listing.root)))
    return Source(
        read_pictures(listing, (config.image_size, config.image_size), progress),
        layout_labels(layout),
        names,
        own_split(layout, "test"),
        own_split(layout, "val"),
        Reading(layout.as_json(), listing.left_out, layout.warnings),
    )


def layout_labels(layout: FolderLayout) -> Indices:
    """(n,) numbers of the class folders; all `UNLABELLED` where there are none."""
    if not layout.classes:
        return np.full(len(layout.class_of), UNLABELLED, np.int64)
    number = {name: index for index, name in enumerate(layout.classes)}
    return np.array([number[name] for name in layout.class_of], np.int64)


def own_split(layout: FolderLayout, role: str) -> Indices | None:
    """Indices of the files in the split folder of `role`; None where there is none."""
    if role not in layout.roles.values():
        return None
    return np.flatnonzero([of == role for of in layout.role_of]).astype(np.int64)


def read_pictures(listing: Listing, size: Size, progress: Progress) -> Images:
    """All pictures of a listing, (n, height, width, 3).

    Raises:
        DataError: Some cannot be read, or they do not fit into memory.
    """
    shape = (len(listing.pictures), *size, 3)
    what = f"{shape[0]:,} pictures of {size[0]}x{size[1]}"
    require_memory(int(np.prod(shape, dtype=object)), what)
    images = np.empty(shape, np.uint8)
    broken: list[tuple[Path, str]] = []

    def read(path: Path) -> Images | str:
        return read_picture(listing.root / path, size)

    with (
        ThreadPoolExecutor() as pool,  # decoders release the interpreter lock
        progress.track("read images", len(images), "image") as tracker,
    ):
        for index, result in enumerate(pool.map(read, listing.pictures)):
            if isinstance(result, str):
                broken.append((listing.pictures[index], result))
            else:
                images[index] = result
            tracker.advance()
    if broken:
        raise _unreadable(listing, broken)
    return images


def _unreadable(listing: Listing, broken: Sequence[tuple[Path, str]]) -> DataError:
    """Names the damaged pictures, so that they can be dealt with in one go."""
    found = [recognise(listing.root / path) for path, _ in broken[:NAMED]]
    named = "; ".join(
        f"{printable(str(listing.root / path))} ({_reason(path, reason, kind)})"
        for (path, reason), kind in zip(broken, found, strict=False)
    )
    more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    known = ADVICE | FOUND_ADVICE
    ways = [f"{kind}: {known[kind]}" for kind in dict.fromkeys(found) if kind in known]
    return DataError(
        f"{len(broken):,} of {len(listing.pictures):,} pictures cannot be read: {named}{more}",
        hint="; ".join([*ways, REPAIR]),
    )


def _reason(path: Path, reason: str, kind: str) -> str:
    """What is wrong, and what the file really is where its name says something else."""
    if not kind or kind.lower() == path.suffix.lower().strip(".").replace("jpg", "jpeg"):
        return printable(reason)
    return kind if kind == "empty file" else f"{printable(reason)}; by its content: {kind}"


def read_picture(path: Path, size: Size) -> Images | str:
    """The picture as (*size, 3), or why it cannot be read."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > PICTURE_BYTES:
            return f"{size_bytes:,} bytes; {PICTURE_BYTES:,} are the most"
        with Image.open(path) as picture:
            return fit_to(to_rgb(picture), size)
    except UnidentifiedImageError:
        return "no format that Pillow knows"
    except Exception as error:  # decoders raise whatever their own code trips over
        words = "" if str(error) == "None" else str(error)
        if words and isinstance(error, (OSError, ValueError, SyntaxError)):
            return words
        return f"{type(error).__name__}: {words}".removesuffix(": ")


DATASETS = {"folder": DataReader(read_folder, "image")}
