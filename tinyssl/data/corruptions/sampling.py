"""Filters and resampling of batches of images, (n, side, side, channels), in numpy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.base import Pixels

Positions = NDArray[np.float32]
REFERENCE_SIDE = 32
"""Side in pixels for which the levels were chosen"""


def scale_of(x: Pixels) -> float:
    """What lengths are multiplied by."""
    return int(x.shape[1]) / REFERENCE_SIDE


def reflect(positions: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Positions outside [0, side) mirrored at the outermost pixels: -1 is 1, side is side - 2."""
    if side == 1:
        return np.zeros_like(positions)
    period = 2 * (side - 1)
    inside = np.mod(positions, period)
    mirrored: NDArray[np.int64] = np.minimum(inside, period - inside)
    return mirrored


def filter_2d(x: Pixels, kernel: NDArray[np.float64]) -> Pixels:
    """Every image with the same odd square kernel; borders are mirrored."""
    radius, side = len(kernel) // 2, x.shape[1]
    rows = reflect(np.arange(-radius, side + radius), side)
    padded = x[:, rows][:, :, rows]
    found = np.zeros_like(x)
    for i, j in np.argwhere(kernel > 0):
        found += np.float32(kernel[i, j]) * padded[:, i : i + side, j : j + side]
    return found


def separable(x: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    """`matrix` (out, side) applied to the rows and the columns of every image."""
    weights = matrix.astype(np.float32)
    count, _, width, channels = x.shape
    rows = weights @ x.reshape(count, x.shape[1], width * channels)
    rows = rows.reshape(count, -1, width, channels).transpose(0, 2, 1, 3)
    both = weights @ np.ascontiguousarray(rows).reshape(count, width, -1)
    return both.reshape(count, len(weights), -1, channels).transpose(0, 2, 1, 3)


def gaussian_matrix(side: int, sigma: float) -> NDArray[np.float64]:
    """(side, side): a Gaussian blur along one axis, cut at 3 sigma, borders mirrored."""
    radius = max(math.ceil(3 * sigma), 1)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / max(sigma, 1e-6)) ** 2)
    matrix = np.zeros((side, side))
    for offset, weight in zip(offsets, weights / weights.sum(), strict=True):
        np.add.at(matrix, (np.arange(side), reflect(np.arange(side) + offset, side)), weight)
    return matrix


def zoom_matrix(side: int, factor: float) -> NDArray[np.float64]:
    """(side, side): enlarges the centre by `factor` along one axis, bilinear."""
    centre = (side - 1) / 2
    source = centre + (np.arange(side) - centre) / factor
    low = np.floor(source).astype(np.int64)
    share = source - low
    matrix = np.zeros((side, side))
    np.add.at(matrix, (np.arange(side), low.clip(0, side - 1)), 1 - share)
    np.add.at(matrix, (np.arange(side), (low + 1).clip(0, side - 1)), share)
    return matrix


def sample(x: Pixels, rows: Positions, columns: Positions) -> Pixels:
    """Values at positions between the pixels, bilinear; borders are mirrored.

    Args:
        x: (n, side, side, channels).
        rows: (n, h, w), in pixels.
        columns: Likewise.

    Returns:
        (n, h, w, channels).
    """
    side = x.shape[1]
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    images = np.arange(len(x))[:, None, None]

    def corner(i: int, j: int) -> Pixels:
        found: Pixels = x[images, reflect(top + i, side), reflect(left + j, side)]
        return found

    upper = corner(0, 0) * (1 - right) + corner(0, 1) * right
    lower = corner(1, 0) * (1 - right) + corner(1, 1) * right
    result: Pixels = (upper * (1 - down) + lower * down).astype(np.float32)
    return result


def smear(x: Pixels, angles: NDArray[np.float64], length: int, sigma: float) -> Pixels:
    """Motion blur: every image along its own direction, one-sided, weights of half a Gaussian.

    Args:
        x: (n, side, side, channels).
        angles: (n,), radians; 0 is along a row.
        length: Pixels over which it reaches.
        sigma: Of the Gaussian, in pixels.
    """
    side = x.shape[1]
    weights = np.exp(-0.5 * (np.arange(length + 1) / sigma) ** 2)
    images, along = np.arange(len(x))[:, None, None], np.arange(side)
    found = np.zeros_like(x)
    for step, weight in enumerate(weights / weights.sum()):
        down = np.rint(step * np.sin(angles)).astype(np.int64)
        right = np.rint(step * np.cos(angles)).astype(np.int64)
        rows = (along + down[:, None]).clip(0, side - 1)[:, :, None]
        columns = (along + right[:, None]).clip(0, side - 1)[:, None, :]
        found += np.float32(weight) * x[images, rows, columns]
    return found


def plasma(count: int, side: int, decay: float, generator: np.random.Generator) -> Pixels:
    """Cloud-like height maps by the diamond-square algorithm (Fournier et al., 1982).

    Args:
        count: Maps.
        side: Of each; they are cut from a torus whose side is the next power of two.
        decay: The random shifts shrink by its square when the grid's pitch halves: larger is
            smoother.
        generator: Of the shifts.

    Returns:
        (count, side, side) in [0, 1], each from 0 to 1.
    """
    size = 1 << (side - 1).bit_length()
    heights = np.zeros((count, size, size))
    pitch, amplitude = size, 1.0
    while pitch >= 2:
        half = pitch // 2
        corners = heights[:, ::pitch, ::pitch]
        below = corners + np.roll(corners, -1, axis=1)
        shape = corners.shape
        middle = (below + np.roll(below, -1, axis=2)) / 4
        middle += amplitude * generator.uniform(-1, 1, shape)
        heights[:, half::pitch, half::pitch] = middle
        beside = middle + np.roll(middle, 1, axis=1) + corners + np.roll(corners, -1, axis=2)
        heights[:, ::pitch, half::pitch] = beside / 4 + amplitude * generator.uniform(-1, 1, shape)
        above = middle + np.roll(middle, 1, axis=2) + corners + np.roll(corners, -1, axis=1)
        heights[:, half::pitch, ::pitch] = above / 4 + amplitude * generator.uniform(-1, 1, shape)
        pitch, amplitude = half, amplitude / decay**2
    low = heights.min(axis=(1, 2), keepdims=True)
    high = heights.max(axis=(1, 2), keepdims=True)
    cut = ((heights - low) / np.maximum(high - low, 1e-12))[:, :side, :side]
    return np.asarray(cut, np.float32)
