"""Any picture to square RGB bytes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from tinyssl.core.errors import DataError
from tinyssl.data.base import Images
from tinyssl.data.limits import require_memory

BACKGROUND = (255, 255, 255)
"""Colour behind transparent pixels: what a viewer of the picture most often shows"""
ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")


ORIENTATION = 0x0112
"""EXIF tag"""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Value of the tag -> what turns the picture upright"""


def upright(picture: Image.Image) -> Image.Image:
    """Turned as the EXIF orientation says; no other tag matters.

    Where the orientation itself cannot be read, the picture stays as it is.
    """
    try:
        turn = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # metadata of an unexpected type trips Pillow in many ways
        turn = None
    return picture if turn is None else picture.transpose(turn)


def to_rgb(picture: Image.Image) -> Image.Image:
    """RGB, 8 bits: upright by its EXIF tag, transparency on white, 16-bit grey scaled down.

    Raises:
        ValueError: The pixels are 32-bit numbers without a known range.
    """
    sixteen = picture.mode.startswith("I;16") or (picture.mode, picture.format) == ("I", "PPM")
    turned = upright(picture)
    if sixteen:  # Pillow's own conversion clips at 255
        wide = np.asarray(turned).astype(np.uint32)
        return Image.fromarray(((wide + 128) // 257).astype(np.uint8)).convert("RGB")
    if turned.mode in ("I", "F"):
        raise ValueError(f"32-bit pixels (mode {turned.mode}) have no known range")
    if turned.mode in ALPHA_MODES or "transparency" in turned.info:
        pixels = turned.convert("RGBA")
        canvas = Image.new("RGBA", pixels.size, BACKGROUND)
        return Image.alpha_composite(canvas, pixels).convert("RGB")
    return turned.convert("RGB")


Size = tuple[int, int]
"""Height and width"""


def fit_to(picture: Image.Image, size: Size) -> Images:
    """(height, width, 3): resized until both sides reach (bicubic, antialiased), centre cropped."""
    fitted = ImageOps.fit(picture, (size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(fitted, dtype=np.uint8)


def fit_square(picture: Image.Image, size: int) -> Images:
    """(size, size, 3); see `fit_to`."""
    return fit_to(picture, (size, size))


def to_grey(images: Images) -> Images:
    """(n, h, w, 3) to (n, h, w, 1): luma of ITU-R 601, as Pillow's `convert("L")`."""
    grey = [np.asarray(Image.fromarray(image).convert("L")) for image in images]
    return np.stack(grey)[..., None]


def fit_all(images: Images, size: int) -> Images:
    """(n, h, w, 3) to (n, size, size, 3)."""
    if images.shape[1:3] == (size, size):
        return images
    require_memory(len(images) * size * size * 3, f"{len(images):,} images of {size}x{size}")
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
    if images.shape[-1] == 3:
        return images
    require_memory(3 * images.size, f"{len(images):,} images of three channels")
    return np.repeat(images, 3, axis=3)
