"""The 15 common corruptions of images, at 5 levels (Hendrycks & Dietterich, arXiv 1903.12261).

Levels are those that the paper's authors chose for CIFAR's 32 pixels; lengths grow with the side
of the image (ours). Everything is computed on the fly and in batches, with numpy and Pillow alone:
the arithmetic is ours, so figures are comparable between models here, and close to but not equal
to those on the files CIFAR-10-C. `OURS` names the kinds of which more than the arithmetic is ours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import unknown_name
from tinyssl.data.base import Pixels
from tinyssl.data.corruptions import blur, digital, noise, weather

Corruption = Callable[[Pixels, int, np.random.Generator], Pixels]

CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": noise.gaussian_noise,
    "shot_noise": noise.shot_noise,
    "impulse_noise": noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "glass_blur": blur.glass_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "snow": weather.snow,
    "frost": weather.frost,
    "fog": weather.fog,
    "brightness": digital.brightness,
    "contrast": digital.contrast,
    "elastic_transform": digital.elastic_transform,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
}
"""Name -> (images (n, h, w, 3) in [0, 1], level 0 to 4, generator) to images; not clipped"""
LEVELS = 5
OURS = {
    "frost": "the paper blends photographs of frozen windows; here a drawn texture of crystals",
    "snow": "the paper blurs its flakes with ImageMagick; here by steps of whole pixels",
}
"""Kind -> what differs from the paper beyond the arithmetic"""

CHUNK = 512
"""Images at a time: bounds the memory of the intermediate results"""


def corrupt(images: NDArray[np.uint8], kind: str, level: int, seed: int = 0) -> NDArray[np.uint8]:
    """Images as a bad camera, bad weather or bad transmission would give them.

    Equal arguments give equal pixels; an image's result depends on its position too.

    Args:
        images: (n, side, side, 3).
        kind: Of `CORRUPTIONS`.
        level: 1 (weak) to 5 (strong).
        seed: Of all that is random.

    Returns:
        (n, side, side, 3).

    Raises:
        UsageError: There is no such kind.
        ValueError: There is no such level.
    """
    if kind not in CORRUPTIONS:
        raise unknown_name("corruption", kind, CORRUPTIONS)
    if not 1 <= level <= LEVELS:
        raise ValueError(f"level {level}: from 1 to {LEVELS}")
    generator = np.random.default_rng([seed, list(CORRUPTIONS).index(kind), level])
    parts = [np.empty((0, *images.shape[1:]), np.uint8)]
    for start in range(0, len(images), CHUNK):
        clean = images[start : start + CHUNK].astype(np.float32) / np.float32(255)
        found = CORRUPTIONS[kind](clean, level - 1, generator)
        parts.append((found.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    return np.concatenate(parts)


__all__ = ["CORRUPTIONS", "LEVELS", "OURS", "corrupt"]
