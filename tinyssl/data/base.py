"""`Dataset`: all samples of a source in memory, with their splits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.progress import Progress
from tinyssl.data.spec import FeatureSpec, Samples

if TYPE_CHECKING:
    from tinyssl.data.left_out import LeftOut

Images = NDArray[np.uint8]
"""(n, h, w, 3)"""
Pixels = NDArray[np.float32]
"""Images as numbers in [0, 1]: (n, h, w, 3), or (n, values) of each"""
Indices = NDArray[np.int64]
Targets = NDArray[np.float32]
"""(n, numbers)"""

UNLABELLED = -1
"""Label of every sample of a source without classes"""


@dataclass(frozen=True)
class Reading:
    """How a folder was understood: what its records, JSON and tables say of it."""

    layout: dict[str, Any]
    """`kind`, `base`, `splits` and, for people, `text`"""
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What a reader returns: samples and labels, before splitting."""

    samples: Samples
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

    @property
    def feature_spec(self) -> FeatureSpec:
        """What the samples are."""
        return self.spec or FeatureSpec.image(*self.samples.shape[1:])


@dataclass(frozen=True)
class DataReader:
    """Reads a data set that has a name."""

    read: Callable[[DataConfig, Progress], Source]
    kind: str | None = None
    """Of its samples, where that is known without reading them"""


@dataclass(frozen=True)
class Dataset:
    """Samples with splits: `train`, `val` and `test` are disjoint, ascending, and cover all."""

    name: str
    samples: Samples
    """(n, *spec.shape)"""
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
        if self.reading is None:
            return record
        return record | {
            "layout": self.reading.layout,
            "left_out": [part.as_json() for part in self.reading.left_out],
            "warnings": list(self.reading.warnings),
        }

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
    digest = hashlib.sha256()
    samples = source.samples.astype("<f4") if source.samples.dtype.kind == "f" else source.samples
    for array in (samples, source.labels.astype("<i8"), *(split.astype("<i8") for split in splits)):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    if source.feature_spec.kind != "image":
        digest.update(repr(source.feature_spec).encode())
    if source.targets is not None:
        digest.update(np.ascontiguousarray(source.targets.astype("<f4")).data)
    return digest.hexdigest()
