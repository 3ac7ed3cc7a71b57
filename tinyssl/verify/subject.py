"""A model file, and the convert run that it came from with its test images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.records import RECORD, RunRecord, Workspace, read_record
from tinyssl.data.arrays import read_arrays
from tinyssl.data.npz import read_labels
from tinyssl.frontends.tflite import read_file

SPLIT_ARRAYS = ("images", "labels", "class_names")


@dataclass(frozen=True)
class ModelFile:
    """A model file."""

    path: Path
    """Absolute"""
    data: bytes
    source: RunRecord | None
    """The convert run that made it; None: a model from elsewhere"""


@dataclass(frozen=True)
class TestSplit:
    """The test images that a convert run has stored."""

    images: NDArray[np.uint8]
    """(n, h, w, c)"""
    labels: NDArray[np.int64]
    """(n,)"""
    class_names: tuple[str, ...]


def find_subject(model: Path | None, workspace: Workspace) -> ModelFile:
    """The model named, or the last one converted.

    Raises:
        UsageError: None was named and none was converted, or the file cannot be read.
    """
    path = (model or workspace.latest("convert").path("model")).absolute()
    return ModelFile(path, read_file(path), _maker(path))


def _maker(path: Path) -> RunRecord | None:
    """The convert run whose model this is: the one in whose folder it lies."""
    if not (path.parent / RECORD).exists():
        return None
    run = read_record(path.parent)
    return run if run.kind == "convert" and run.files.get("model") == path.name else None


def load_split(source: RunRecord) -> TestSplit:
    """Test images of a convert run.

    Raises:
        DataError: The stored split is damaged.
        TinysslError: The run stored none.
    """
    path = source.path("test")
    again = "run `tinyssl convert` again"
    try:
        arrays = read_arrays(path, SPLIT_ARRAYS, again)
        missing = set(SPLIT_ARRAYS) - arrays.keys()
        if missing:
            raise DataError(f"it holds no {', '.join(sorted(missing))}")
        images = arrays["images"]
        if images.ndim != 4 or images.dtype != np.uint8 or not len(images):
            raise DataError(f"its images have shape {images.shape} and type {images.dtype}")
        labels, names = read_labels(arrays, len(images), path)
    except DataError as error:
        raise DataError(f"{path} is damaged: {error.message}", hint=again) from error
    return TestSplit(images, labels, names)
