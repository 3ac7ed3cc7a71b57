"""Frames as cameras give them: what their bytes mean, and how they become RGB or grey.

The same in C is firmware/camera/: equal to the byte (tests/unit/project/test_camera.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyssl.core.errors import UsageError
from tinyssl.data.base import Images
from tinyssl.data.pixels import Size, fit_to, to_grey

Bytes = NDArray[np.uint8]
LARGEST = 8192
"""Width and height of a frame"""


@dataclass(frozen=True)
class PixelFormat:
    """How a camera writes pixels."""

    name: str
    bits: int
    """Of a pixel, in the mean"""
    channels: int
    """Of what it becomes: 3 for RGB, 1 for grey"""
    even: bool
    """Whether two pixels of a line (of Bayer: two lines, too) belong together"""
    decode: Callable[[Bytes], Images]
    """(height, width * bits / 8) to (height, width, channels)"""
    encode: Callable[[Images], Bytes]
    """(height, width, 3) RGB to (height, width * bits / 8): what a camera would send"""


def _rgb(lines: Bytes) -> Images:
    return lines.reshape(len(lines), -1, 3)


def _rgb_lines(image: Images) -> Bytes:
    return image.reshape(len(image), -1)


def _grey(lines: Bytes) -> Images:
    return lines[..., None]


def _grey_lines(image: Images) -> Bytes:
    return to_grey(image[None])[0, ..., 0]


def _from_565(order: str) -> Callable[[Bytes], Images]:
    def decode(lines: Bytes) -> Images:
        words = np.ascontiguousarray(lines).view(f"{order}u2").astype(np.uint32)
        red, green, blue = words >> 11, words >> 5 & 63, words & 31
        wide = (red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2)
        return np.stack(wide, axis=-1).astype(np.uint8)

    return decode


def _to_565(order: str) -> Callable[[Images], Bytes]:
    def encode(image: Images) -> Bytes:
        red, green, blue = np.moveaxis(image.astype(np.uint16), -1, 0)
        words: NDArray[np.uint16] = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
        return words.astype(f"{order}u2").view(np.uint8)

    return encode


RED_OF_CR, GREEN_OF_CB, GREEN_OF_CR, BLUE_OF_CB = 91881, -22554, -46802, 116130
"""1.402, -0.344136, -0.714136 and 1.772 of ITU-R BT.601 (full range, as in JPEG), times 65,536"""
HALF = 1 << 15


def _from_yuv(places: tuple[int, int, int, int]) -> Callable[[Bytes], Images]:
    """Of four bytes for two pixels: where Y of the first, Cb, Y of the second and Cr stand."""

    def decode(lines: Bytes) -> Images:
        quads = lines.reshape(len(lines), -1, 4).astype(np.int32)
        first, cb, second, cr = (quads[..., place] for place in places)
        luma = np.stack([first, second], axis=-1).reshape(len(lines), -1)
        blue, red = (np.repeat(each - 128, 2, axis=1) for each in (cb, cr))
        rgb = (
            luma + (RED_OF_CR * red + HALF >> 16),
            luma + (GREEN_OF_CB * blue + GREEN_OF_CR * red + HALF >> 16),
            luma + (BLUE_OF_CB * blue + HALF >> 16),
        )
        return np.stack(rgb, axis=-1).clip(0, 255).astype(np.uint8)

    return decode


def _to_yuv(places: tuple[int, int, int, int]) -> Callable[[Images], Bytes]:
    def encode(image: Images) -> Bytes:
        planes = np.asarray(Image.fromarray(image).convert("YCbCr")).astype(np.uint16)
        luma, (cb, cr) = planes[..., 0], np.moveaxis(planes[..., 1:], -1, 0)
        quads = np.empty((len(image), image.shape[1] // 2, 4), np.uint8)
        colours = [(each[:, ::2] + each[:, 1::2] + 1) // 2 for each in (cb, cr)]
        found = (luma[:, ::2], colours[0], luma[:, 1::2], colours[1])
        for place, plane in zip(places, found, strict=True):
            quads[..., place] = plane
        return quads.reshape(len(image), -1)

    return encode


def _from_bayer(red_line: int, red_column: int) -> Callable[[Bytes], Images]:
    """Each colour is the mean of its two or four nearest pixels; frames go on as mirrored."""

    def decode(lines: Bytes) -> Images:
        padded = np.pad(lines.astype(np.uint32), 1, mode="reflect")
        at = {
            (y, x): padded[1 + y : len(lines) + 1 + y, 1 + x : lines.shape[1] + 1 + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        }
        beside = (at[0, -1] + at[0, 1] + 1) // 2
        above = (at[-1, 0] + at[1, 0] + 1) // 2
        cross = (at[0, -1] + at[0, 1] + at[-1, 0] + at[1, 0] + 2) // 4
        corners = (at[-1, -1] + at[-1, 1] + at[1, -1] + at[1, 1] + 2) // 4
        own = at[0, 0]
        line, column = np.indices(lines.shape)
        in_red_line = line % 2 == red_line
        in_red_column = column % 2 == red_column
        green_here = in_red_line != in_red_column
        # beside a green pixel of a red line stand reds, above it blues
        red = np.where(
            green_here, np.where(in_red_line, beside, above), np.where(in_red_line, own, corners)
        )
        blue = np.where(
            green_here, np.where(in_red_line, above, beside), np.where(in_red_line, corners, own)
        )
        return np.stack([red, np.where(green_here, own, cross), blue], axis=-1).astype(np.uint8)

    return decode


def _to_bayer(red_line: int, red_column: int) -> Callable[[Images], Bytes]:
    def encode(image: Images) -> Bytes:
        found = image[..., 1].copy()
        found[red_line::2, red_column::2] = image[red_line::2, red_column::2, 0]
        found[1 - red_line :: 2, 1 - red_column :: 2] = image[
            1 - red_line :: 2, 1 - red_column :: 2, 2
        ]
        return found

    return encode


def _formats() -> dict[str, PixelFormat]:
    found = [
        PixelFormat("grey", 8, 1, False, _grey, _grey_lines),
        PixelFormat("rgb888", 24, 3, False, _rgb, _rgb_lines),
        PixelFormat("rgb565", 16, 3, False, _from_565("<"), _to_565("<")),
        PixelFormat("rgb565be", 16, 3, False, _from_565(">"), _to_565(">")),
    ]
    for name, quad in (("yuyv", (0, 1, 2, 3)), ("uyvy", (1, 0, 3, 2))):
        found.append(PixelFormat(name, 16, 3, True, _from_yuv(quad), _to_yuv(quad)))
    for name, red in (("rggb", (0, 0)), ("grbg", (0, 1)), ("gbrg", (1, 0)), ("bggr", (1, 1))):
        found.append(PixelFormat(name, 8, 3, True, _from_bayer(*red), _to_bayer(*red)))
    return {each.name: each for each in found}


FORMATS = _formats()
"""`grey`, `rgb888`, `rgb565` (low byte first), `rgb565be` (high byte first: esp_camera), `yuyv`,
`uyvy`, and Bayer by the colours of the first two pixels of the first two lines"""


@dataclass(frozen=True)
class CameraFrame:
    """What a camera gives: `320x240:rgb565`."""

    height: int
    width: int
    format: PixelFormat

    @classmethod
    def parse(cls, text: str) -> Self:
        """`WIDTHxHEIGHT:FORMAT`.

        Raises:
            UsageError: It says something else, or the format needs even sides.
        """
        hint = f"give WIDTHxHEIGHT:FORMAT, as 320x240:rgb565; formats: {', '.join(FORMATS)}"
        found = re.fullmatch(r"(\d{1,4})x(\d{1,4}):(\w+)", text)
        if found is None or found[3] not in FORMATS:
            raise UsageError(f"--camera {text} names no frame", hint=hint)
        frame = cls(int(found[2]), int(found[1]), FORMATS[found[3]])
        if not (2 <= frame.width <= LARGEST and 2 <= frame.height <= LARGEST):
            raise UsageError(
                f"--camera {text}: sides are 2 to {LARGEST:,} pixels", hint="give the camera's size"
            )
        if frame.format.even and (frame.width % 2 or (frame.format.bits == 8 and frame.height % 2)):
            raise UsageError(
                f"--camera {text}: {frame.format.name} has pixels in pairs", hint="give even sides"
            )
        return frame

    @property
    def line_bytes(self) -> int:
        return self.width * self.format.bits // 8

    @property
    def frame_bytes(self) -> int:
        return self.height * self.line_bytes

    @property
    def text(self) -> str:
        return f"{self.width}x{self.height}:{self.format.name}"

    def picture(self, frame: bytes) -> Images:
        """(height, width, channels) of a frame's bytes."""
        return self.format.decode(np.frombuffer(frame, np.uint8).reshape(self.height, -1))

    def taken(self, image: Images) -> bytes:
        """The frame that this camera would give of a picture (height, width, 3)."""
        return self.format.encode(image).tobytes()


def fitted(picture: Images, shape: tuple[int, ...]) -> Images:
    """A decoded frame as the pixels of a model's input: `fit_to`, then RGB or luma as it wants.

    Args:
        picture: (height, width, 1 or 3).
        shape: Height, width and channels of the input.

    Returns:
        uint8 of that shape.
    """
    size: Size = (shape[0], shape[1])
    image: Any = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    found = fit_to(image, size)
    if found.ndim == 2:
        return np.repeat(found[..., None], shape[2], axis=2)
    if shape[2] == 1:
        found = to_grey(found[None])[0]
    return found
