"""A folder of pictures, in class folders or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import UNLABELLED, DataReader, Images, Indices, Pictures, Reading, Source
from tinyssl.data.layout import FolderLayout, find_layout
from tinyssl.data.names import checked_names
from tinyssl.data.pictures import decode, read_source, refused, unreadable
from tinyssl.data.pixels import Size
from tinyssl.data.walk import Listing, list_pictures


def read_folder(config: DataConfig, progress: Progress) -> Source:
    """Reads all pictures below `data_path`, as `folder_pictures` finds them, into memory.

    Raises:
        UsageError: No `data_path`.
        DataError: As `folder_pictures`, or pictures that cannot be read (`read_source`).
    """
    return read_source(folder_pictures(config, progress), config, progress)


def folder_pictures(config: DataConfig, _: Progress) -> Pictures:
    """The pictures below `data_path`, as deep as they lie.

    Folders named train, val and test (or alike, `split_names`) are the splits. Classes are the
    folders directly below, if every picture lies in one and there are two or more; otherwise the
    pictures are unlabelled. Folders that only hold one other folder are looked through. Links are
    followed; hidden files and folders are left out. Of an animation the first picture counts.

    Raises:
        UsageError: No `data_path`.
        DataError: No such folder, no picture in it, or folders that cannot be told.
    """
    if config.data_path is None:
        raise UsageError("dataset folder needs a folder", hint="name it with --data-path FOLDER")
    listing = list_pictures(config.data_path)
    layout = find_layout(listing)
    names = checked_names(layout.classes, printable(str(listing.root)))
    return listed_pictures(
        listing,
        Reading(layout.as_json(), listing.left_out, layout.warnings),
        labels=layout_labels(layout),
        class_names=names,
        test=own_split(layout, "test"),
        val=own_split(layout, "val"),
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


def listed_pictures(listing: Listing, reading: Reading, **sorted_as: Any) -> Pictures:
    """The pictures of a listing; `sorted_as` are labels and splits of `Pictures`."""
    return Pictures(
        names=[printable(str(path)) for path in listing.pictures],
        content=lambda number: listing.root / listing.pictures[number],
        where=printable(str(listing.root)),
        reading=reading,
        **sorted_as,
    )


def read_pictures(listing: Listing, size: Size, progress: Progress) -> Images:
    """All pictures of a listing, (n, height, width, 3).

    Raises:
        DataError: Some cannot be read, or they do not fit into memory.
    """
    unlabelled = np.full(len(listing.pictures), UNLABELLED, np.int64)
    pictures = listed_pictures(listing, Reading({}), labels=unlabelled)
    images, broken = decode(pictures, size, progress)
    if broken:
        raise unreadable(pictures, [refused(pictures, at, broken[at]) for at in broken])
    return images


DATASETS = {"folder": DataReader(read_folder, "image", folder_pictures)}
