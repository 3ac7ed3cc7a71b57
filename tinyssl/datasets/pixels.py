"""Any picture to square RGB bytes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from tinyssl.datasets.base import Images
from tinyssl.errors import DataError

BACKGROUND = (255, 255, 255)
"""Colour behind transparent pixels: what a viewer of the picture most often shows"""
ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb(picture: Image.Image) -> Image.Image:
    """RGB, 8 bits: upright by its EXIF tag, transparency on white, 16-bit grey scaled down.

    Raises:
        ValueError: The pixels are 32-bit numbers without a known range.
    """
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16"):  # Pillow's own conversion clips at 255
        wide = np.asarray(upright).astype(np.uint32)
        return Image.fromarray(((wide + 128) // 257).astype(np.uint8)).convert("RGB")
    if upright.mode in ("I", "F"):
        raise ValueError(f"32-bit pixels (mode {upright.mode}) have no known range")
    if upright.mode in ALPHA_MODES or "transparency" in upright.info:
        pixels = upright.convert("RGBA")
        canvas = Image.new("RGBA", pixels.size, BACKGROUND)
        return Image.alpha_composite(canvas, pixels).convert("RGB")
    return upright.convert("RGB")


def fit_square(picture: Image.Image, size: int) -> Images:
    """(size, size, 3): the short side resized to `size` (bicubic, antialiased), centre cropped."""
    fitted = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    return np.asarray(fitted, dtype=np.uint8)


def fit_all(images: Images, size: int) -> Images:
    """(n, h, w, 3) to (n, size, size, 3)."""
    if images.shape[1:3] == (size, size):
        return images
    return np.stack([fit_square(Image.fromarray(image), size) for image in images])


def three_channels(images: Images, name: str) -> Images:
    """(n, h, w), (n, h, w, 1) or (n, h, w, 3) to (n, h, w, 3).

    Raises:
        DataError: Another shape, or not uint8.
    """
    if images.dtype != np.uint8:
        raise DataError(
            f"{name} has images of type {images.dtype}; expected uint8",
            hint="store pixels as 0..255, for instance (255 * images).round().astype('uint8')",
        )
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise DataError(
            f"{name} has images of shape {images.shape}; expected (n, height, width, 3)",
            hint="grey images may be (n, height, width) or (n, height, width, 1)",
        )
    return np.repeat(images, 3, axis=3) if images.shape[-1] == 1 else images
