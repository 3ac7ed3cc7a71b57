"""Exposure, geometry and compression."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from tinyssl.data.base import Pixels
from tinyssl.data.corruptions.sampling import gaussian_matrix, sample, separable


def brightness(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Overexposed: the value of HSV rises, hue and saturation stay."""
    rise = (0.05, 0.1, 0.15, 0.2, 0.3)[level]
    value = x.max(axis=3, keepdims=True)
    raised = np.minimum(value + rise, 1)
    # black has no hue: it becomes grey
    found = np.where(value > 0, x * (raised / np.maximum(value, 1e-6)), raised)
    return np.asarray(found, np.float32)


def contrast(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Flat light: every channel closer to its mean over the image."""
    keep = np.float32((0.75, 0.5, 0.4, 0.3, 0.15)[level])
    mean = x.mean(axis=(1, 2), keepdims=True)
    return np.asarray((x - mean) * keep + mean, np.float32)


def elastic_transform(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """A small random affine map, then smooth random shifts; resampled once."""
    shift, sigma, corner = (
        (0, 0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    )[level]
    count, side = x.shape[:2]
    rows, columns = _affine(count, side, corner * side, generator)
    if shift:
        matrix = gaussian_matrix(side, sigma * side)
        shifts = generator.uniform(-1, 1, (count, side, side, 2)).astype(np.float32)
        smooth = separable(shifts, matrix) * np.float32(shift * side)
        rows += smooth[..., 0]
        columns += smooth[..., 1]
    return sample(x, rows, columns)


def _affine(
    count: int, side: int, reach: float, generator: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """Where each pixel comes from when three points around the centre move by up to `reach`."""
    centre, arm = side // 2, side // 3
    points = np.array(
        [[centre + arm, centre + arm], [centre + arm, centre - arm], [centre - arm, centre - arm]],
        dtype=np.float64,
    )
    moved = points + generator.uniform(-reach, reach, (count, 3, 2))
    # moved -> points: (x, y, 1) @ solution = source
    solution = np.linalg.solve(
        np.concatenate((moved, np.ones((count, 3, 1))), axis=2),
        np.broadcast_to(points, (count, 3, 2)),
    )
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    source = np.concatenate((grid, np.ones((side * side, 1))), axis=1) @ solution
    grids: Pixels = source.reshape(count, side, side, 2).astype(np.float32)
    return grids[..., 1], grids[..., 0]


def pixelate(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Too few pixels, enlarged again."""
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[level]
    side = x.shape[1]
    small = (max(int(side * share), 1),) * 2
    return _each_image(
        x,
        lambda picture: picture.resize(small, Image.Resampling.BOX).resize(
            (side, side), Image.Resampling.BOX
        ),
    )


def jpeg_compression(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """JPEG of low quality."""
    quality = (80, 65, 58, 50, 40)[level]

    def compress(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return _each_image(x, compress)


def _each_image(x: Pixels, change: Callable[[Image.Image], Image.Image]) -> Pixels:
    """`change` on every image, which Pillow sees as bytes."""
    pictures = (x * 255 + 0.5).astype(np.uint8)
    changed = np.stack([np.asarray(change(Image.fromarray(picture))) for picture in pictures])
    return changed.astype(np.float32) / np.float32(255)
