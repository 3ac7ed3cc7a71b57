"""scikit-learn's handwritten digits: 1,797 real images inside the package, no download."""

from __future__ import annotations

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import ToolMissing, UsageError
from tinyssl.core.progress import Progress
from tinyssl.data.base import DataReader, Source
from tinyssl.data.pixels import fit_all, three_channels

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
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ToolMissing(
            "the digits come with scikit-learn, which is not installed",
            hint="pip install 'tinyssl[train]'",
        ) from error
    digits = load_digits()
    grey = np.round(digits.images * (255 / FULL_SCALE)).astype(np.uint8)
    images = fit_all(three_channels(grey, "digits"), config.image_size)
    names = tuple(str(name) for name in digits.target_names)
    return Source(images, digits.target.astype(np.int64), names)


DATASETS = {"digits": DataReader(read_digits, "image")}
