"""A folder of pictures, in class folders or not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tinyssl.config import DataConfig
from tinyssl.datasets.base import UNLABELLED, Images, Indices, Source
from tinyssl.datasets.pixels import fit_square, to_rgb
from tinyssl.errors import DataError, UsageError
from tinyssl.progress import Progress

OWN_SPLITS = {"train", "test"}
"""Top folders that are splits and not classes, when there are exactly these"""
NAMED = 10
"""Damaged pictures that an error names"""
NOT_DECODED = {"BUFR", "EPS", "FPX", "GRIB", "HDF5", "MIC", "MPEG", "WMF"}
"""Formats that Pillow recognises but cannot decode by itself"""


@dataclass(frozen=True)
class Listing:
    """The pictures below a folder, in the order of their paths."""

    root: Path
    pictures: tuple[Path, ...]
    """Relative to root"""
    ignored: int
    """Files that are no pictures by their name"""


def read_folder(config: DataConfig, progress: Progress) -> Source:
    """Reads all pictures below `data_path`, as deep as they lie.

    Classes are the folders directly below, if every picture lies in one and there are two or more;
    otherwise the pictures are unlabelled. `train/` and `test/` alone at the top are the two splits,
    with the class folders below them. Hidden files and folders are skipped. Of an animation the
    first picture counts.

    Raises:
        UsageError: No `data_path`.
        DataError: No such folder, no picture in it, or pictures that cannot be read.
    """
    if config.data_path is None:
        raise UsageError("dataset folder needs a folder", hint="name it with --data-path FOLDER")
    listing = list_pictures(config.data_path)
    if listing.ignored:
        progress.note(f"{listing.ignored} files below {listing.root} are no pictures: ignored")
    labels, names, test = _organise(listing, progress)
    return Source(_read_all(listing, config.image_size, progress), labels, names, test)


def list_pictures(root: Path) -> Listing:
    """Finds the pictures below `root`, by the extensions that Pillow can decode.

    Raises:
        DataError: `root` is no folder, or holds no picture.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder", hint="check --data-path")
    Image.init()
    formats = Image.registered_extensions().items()
    known = {suffix for suffix, name in formats if name in Image.OPEN and name not in NOT_DECODED}
    pictures, ignored = [], 0
    for path in _visible_files(root):
        if path.suffix.lower() in known:
            pictures.append(path.relative_to(root))
        else:
            ignored += 1
    if not pictures:
        raise DataError(
            f"{root} holds no pictures ({ignored} other files)",
            hint="pictures are found by their extension: .jpg .png .bmp .webp .tif …",
        )
    return Listing(root, tuple(sorted(pictures, key=lambda path: path.parts)), ignored)


def _visible_files(root: Path) -> Iterator[Path]:
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield from (Path(folder, name) for name in files if not name.startswith("."))


def _organise(
    listing: Listing, progress: Progress
) -> tuple[Indices, tuple[str, ...], Indices | None]:
    """Labels, class names and own test split, from the first one or two folders of the paths."""
    depth, test = 0, None
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in listing.pictures}
    if tops == OWN_SPLITS:
        in_test = [path.parts[0] == "test" for path in listing.pictures]
        depth, test = 1, np.flatnonzero(in_test).astype(np.int64)
    folders = [
        path.parts[depth] if len(path.parts) > depth + 1 else "" for path in listing.pictures
    ]
    names = tuple(sorted(set(folders)))
    if len(names) < 2 or "" in names:
        if names != ("",):
            reason = "some pictures lie in no folder" if "" in names else "there is only one"
            progress.note(f"folders below {listing.root} are not taken as classes: {reason}")
        return np.full(len(folders), UNLABELLED, np.int64), (), test
    labels = np.searchsorted(np.array(names), np.array(folders)).astype(np.int64)
    return labels, names, test


def _read_all(listing: Listing, size: int, progress: Progress) -> Images:
    images = np.empty((len(listing.pictures), size, size, 3), np.uint8)
    broken: list[tuple[Path, str]] = []

    def read(path: Path) -> Images | str:
        return _read_picture(listing.root / path, size)

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
    named = "; ".join(f"{listing.root / path} ({reason})" for path, reason in broken[:NAMED])
    more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    return DataError(
        f"{len(broken):,} of {len(listing.pictures):,} pictures cannot be read: {named}{more}",
        hint="repair these files, delete them or move them out of the folder",
    )


def _read_picture(path: Path, size: int) -> Images | str:
    """The picture as (size, size, 3), or why it cannot be read."""
    try:
        with Image.open(path) as picture:
            return fit_square(to_rgb(picture), size)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        return str(error)  # Pillow's decoders raise all of these for damaged files
