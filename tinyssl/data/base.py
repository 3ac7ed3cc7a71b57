"""`Dataset`: all images of a source in memory, with their splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tinyssl.data.left_out import LeftOut

Images = NDArray[np.uint8]
Indices = NDArray[np.int64]

UNLABELLED = -1
"""Label of every image of a source without classes"""


@dataclass(frozen=True)
class Reading:
    """How a folder was understood: what its records, JSON and tables say of it."""

    layout: dict[str, Any]
    """`kind`, `base`, `splits` and, for people, `text`"""
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What a reader returns: images and labels, before splitting."""

    images: Images
    """(n, size, size, 3)"""
    labels: Indices
    """(n,), in [0, classes); all `UNLABELLED` where there are no classes"""
    class_names: tuple[str, ...] = ()
    test: Indices | None = None
    """Indices of the source's own test split, where it has one"""
    val: Indices | None = None
    """Indices of the source's own validation split, where it has one; never without `test`"""
    reading: Reading | None = None
    """Of a folder"""


@dataclass(frozen=True)
class Dataset:
    """Images with splits: `train`, `val` and `test` are disjoint, ascending, and cover all."""

    name: str
    images: Images
    """(n, size, size, 3)"""
    labels: Indices
    """(n,); all -1 where `labelled` is false"""
    class_names: tuple[str, ...]
    train: Indices
    val: Indices
    """Held out of training; chooses the probe's learning rate"""
    test: Indices
    fingerprint: str
    """SHA-256 over pixels, labels and splits, 64 hex digits"""
    labelled: bool
    reading: Reading | None = None
    """Of a folder"""

    def as_record(self) -> dict[str, Any]:
        """What a run record says about its data."""
        record = {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "images": len(self.images),
            "image_size": int(self.images.shape[1]),
            "classes": len(self.class_names),
            "labelled": self.labelled,
            "train": len(self.train),
            "val": len(self.val),
            "test": len(self.test),
        }
        if self.reading is None:
            return record
        return record | {
            "layout": self.reading.layout,
            "left_out": [part.as_json() for part in self.reading.left_out],
            "warnings": list(self.reading.warnings),
        }


def fingerprint(images: Images, labels: Indices, splits: tuple[Indices, ...]) -> str:
    """SHA-256 over shapes, pixels, labels and splits, 64 hex digits. Equal on every machine."""
    digest = hashlib.sha256()
    for array in (images, labels.astype("<i8"), *(split.astype("<i8") for split in splits)):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
