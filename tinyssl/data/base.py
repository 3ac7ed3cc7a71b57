"""`Dataset`: all samples of a source in memory, with their splits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.progress import Progress
from tinyssl.data.spec import FeatureSpec, SampleStore

if TYPE_CHECKING:
    from tinyssl.data.left_out import LeftOut, LeftOutPicture

Images = NDArray[np.uint8]
"""(n, h, w, 3)"""
Pixels = NDArray[np.float32]
"""Images as numbers in [0, 1]: (n, h, w, 3), or (n, values) of each"""
Indices = NDArray[np.int64]
Targets = NDArray[np.float32]
"""(n, numbers)"""

LISTED = 1000
"""Broken pictures, and as many duplicates, that a record names"""

UNLABELLED = -1
"""Label of every sample of a source without classes"""


@dataclass(frozen=True)
class Reading:
    """How a folder was understood: what its records, JSON and tables say of it."""

    layout: dict[str, Any]
    """`kind`, `base`, `splits` and, for people, `text`"""
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()
    broken: tuple[LeftOutPicture, ...] = ()
    """Pictures that cannot be decoded; counted in `left_out` too"""
    duplicates: tuple[LeftOutPicture, ...] = ()
    """Pictures that others are equal to; counted in `left_out` too"""

    def as_record(self) -> dict[str, Any]:
        """What a run record and `--json` hold; of each list the first `LISTED`."""
        record: dict[str, Any] = {
            "layout": self.layout,
            "left_out": [part.as_json() for part in self.left_out],
            "warnings": list(self.warnings),
        }
        for name, parts in (("broken", self.broken), ("duplicates", self.duplicates)):
            if parts:
                record[name] = [part.as_json() for part in parts[:LISTED]]
        return record


@dataclass(frozen=True)
class Source:
    """What a reader returns: samples and labels, before splitting."""

    samples: SampleStore
    """(n, *shape) of the spec"""
    labels: Indices
    """(n,), in [0, classes); all `UNLABELLED` where there are no classes"""
    class_names: tuple[str, ...] = ()
    test: Indices | None = None
    """Indices of the source's own test split, where it has one"""
    val: Indices | None = None
    """Indices of the source's own validation split, where it has one; never without `test`"""
    reading: Reading | None = None
    """Of a folder"""
    spec: FeatureSpec | None = None
    """None: RGB images of the samples' size"""
    targets: Targets | None = None
    """Numbers to predict, where the source has some"""
    target_names: tuple[str, ...] = ()
    digest: bytes = b""
    """Of the samples, where they are not in memory: stands for them in the fingerprint"""

    @property
    def feature_spec(self) -> FeatureSpec:
        """What the samples are."""
        return self.spec or FeatureSpec.image(*self.samples.shape[1:])


Content = Path | bytes | Images
"""A picture's file, its bytes, or its pixels (h, w, 3) at the size that is wanted"""


@dataclass(frozen=True)
class Pictures:
    """All pictures of a source; `content` reads one when it is asked, from any thread."""

    names: Sequence[str]
    """Printable, relative to `where`"""
    content: Callable[[int], Content]
    """Of the picture with this number"""
    labels: Indices
    """(n,), as `Source.labels`"""
    where: str
    """Folder or file that holds them, printable"""
    reading: Reading
    class_names: tuple[str, ...] = ()
    test: Indices | None = None
    """As `Source.test`"""
    val: Indices | None = None
    """As `Source.val`"""

    def __len__(self) -> int:
        return len(self.names)


def part_of(starts: NDArray[np.int64], number: int) -> tuple[int, int]:
    """Which part of a whole holds an item, and its place there.

    Args:
        starts: (parts + 1,), rising: number of the first item of each part, then of all items.
        number: Of the item.
    """
    part = int(np.searchsorted(starts, number, "right")) - 1
    return part, number - int(starts[part])


@dataclass(frozen=True)
class DataReader:
    """Reads a data set that has a name."""

    read: Callable[[DataConfig, Progress], Source]
    kind: str | None = None
    """Of its samples, where that is known without reading them"""
    pictures: Callable[[DataConfig, Progress], Pictures | None] | None = None
    """Finds its encoded pictures without reading them all; returns None where it holds pixels"""


@dataclass(frozen=True)
class Dataset:
    """Samples with splits: `train`, `val` and `test` are disjoint, ascending, and cover all."""

    name: str
    samples: SampleStore
    """(n, *spec.shape), in memory or in shards"""
    labels: Indices
    """(n,); all -1 where `labelled` is false"""
    class_names: tuple[str, ...]
    train: Indices
    val: Indices
    """Held out of training; chooses the probe's learning rate"""
    test: Indices
    fingerprint: str
    """SHA-256 over samples, labels and splits, 64 hex digits"""
    labelled: bool
    spec: FeatureSpec
    """What the samples are"""
    reading: Reading | None = None
    """Of a folder"""
    targets: Targets | None = None
    """Numbers to predict, of every sample, where the source has some"""
    target_names: tuple[str, ...] = ()
    task: str | None = None
    """Name of what is to be predicted; None: the answers decide"""

    def as_record(self) -> dict[str, Any]:
        """What a run record says about its data."""
        record = {
            "name": self.name,
            "fingerprint": self.fingerprint,
            **self._sizes(),
            "classes": len(self.class_names),
            "labelled": self.labelled,
            "train": len(self.train),
            "val": len(self.val),
            "test": len(self.test),
        }
        if self.targets is not None:
            record["targets"] = list(self.target_names)
        return record if self.reading is None else record | self.reading.as_record()

    def _sizes(self) -> dict[str, Any]:
        """How many samples of what; of images also as older versions put it."""
        sizes: dict[str, Any] = {"samples": len(self.samples), "features": self.spec.as_record()}
        if self.spec.kind == "image":
            sizes |= {"images": len(self.samples), "image_size": self.spec.shape[0]}
        return sizes


def fingerprint(source: Source, splits: tuple[Indices, ...]) -> str:
    """SHA-256 over shapes, samples, labels and splits, 64 hex digits. Equal on every machine.

    Also over the spec, where the samples are no images, and over targets, where there are some.
    """
    digest = hashlib.sha256(source.digest)
    for array in (
        _content(source),
        source.labels.astype("<i8"),
        *(split.astype("<i8") for split in splits),
    ):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    if source.feature_spec.kind != "image":
        digest.update(repr(source.feature_spec).encode())
    if source.targets is not None:
        digest.update(np.ascontiguousarray(source.targets.astype("<f4")).data)
    return digest.hexdigest()


def _content(source: Source) -> NDArray[Any]:
    """The samples, floats as little-endian float32; nothing where `digest` stands for them."""
    if source.digest:
        return np.empty(0, np.uint8)
    samples = source.samples[:]
    found: NDArray[Any] = samples.astype("<f4") if samples.dtype.kind == "f" else samples
    return found
