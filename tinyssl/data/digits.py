"""scikit-learn's handwritten digits: 1,797 real images inside the package, no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import ToolMissing, UsageError
from tinyssl.core.progress import Progress
from tinyssl.data.base import DataReader, Source
from tinyssl.data.pixels import fit_all, three_channels

SIDE = 8
FULL_SCALE = 16
"""Largest pixel value of the source (8x8 images that count ink in 4x4 blocks)"""


def read_digits(config: DataConfig, progress: Progress) -> Source:
    """The test part of UCI's "Optical Recognition of Handwritten Digits", resized, as RGB.

    Raises:
        UsageError: A `data_path`: the digits would be taken silently instead of what lies there.
        ToolMissing: scikit-learn is not installed.
    """
    if config.data_path is not None:
        raise UsageError(
            f"dataset digits has its own images and does not read {config.data_path}",
            hint="say what is there: --dataset folder for pictures, npz, cifar10 or cifar100",
        )
    table = read_table()
    pixels, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1].astype(np.int64)
    grey = np.round(pixels * (255 / FULL_SCALE)).astype(np.uint8)
    images = fit_all(three_channels(grey, "digits"), config.image_size)
    return Source(images, labels, tuple(map(str, range(10))))


def read_table() -> NDArray[np.float64]:
    """(1797, 65): a row an image, its pixels and then its digit.

    Raises:
        ToolMissing: scikit-learn is not installed.
    """
    return np.loadtxt(_table(), delimiter=",")


def _table() -> Path:
    """The file of scikit-learn, which is not imported: that takes a second."""
    found = find_spec("sklearn")
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise ToolMissing(
            "the digits come with scikit-learn, which is not installed",
            hint="pip install 'tinyssl[train]'",
        )
    return Path(folders[0]) / "datasets" / "data" / "digits.csv.gz"


DATASETS = {"digits": DataReader(read_digits, "image")}
