"""Blur of lenses, glass and motion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.base import Pixels
from tinyssl.data.corruptions.sampling import (
    filter_2d,
    gaussian_matrix,
    scale_of,
    separable,
    smear,
    zoom_matrix,
)


def defocus_blur(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Out of focus: a disc, its edge softened."""
    radius, soft = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))[level]
    return filter_2d(x, disc(radius * scale_of(x), soft * scale_of(x)))


def disc(radius: float, soft: float) -> NDArray[np.float64]:
    """An odd square kernel that sums to 1: a disc convolved with a 3 x 3 Gaussian."""
    reach = math.ceil(radius) + 1
    offsets = np.arange(-reach, reach + 1)
    inside = (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(np.float64)
    edge = np.exp(-0.5 * (np.arange(-1, 2) / soft) ** 2)
    edge /= edge.sum()
    rows = sum(weight * np.roll(inside, step - 1, axis=0) for step, weight in enumerate(edge))
    both = sum(weight * np.roll(rows, step - 1, axis=1) for step, weight in enumerate(edge))
    kernel: NDArray[np.float64] = np.asarray(both) / np.sum(both)
    return kernel


def glass_blur(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Frosted glass: pixels take the place of their neighbours, between two light blurs."""
    levels = ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))
    sigma, reach, rounds = levels[level]
    scale, side = scale_of(x), x.shape[1]
    reach = max(round(reach * scale), 1)
    matrix = gaussian_matrix(side, sigma * scale)
    found = np.ascontiguousarray(separable(x, matrix))
    images = np.arange(len(x))[:, None, None]
    inner = np.arange(reach + 1, side - reach + 1).clip(max=side - 1)
    for _ in range(rounds):
        shifts = generator.integers(-reach, reach, (2, len(x), len(inner), len(inner)))
        rows, columns = inner[:, None] + shifts[0], inner + shifts[1]
        found[:, inner[:, None], inner] = found[images, rows.clip(0), columns.clip(0)]
    return separable(found, matrix)


def motion_blur(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """A moving camera, within 45° of the horizontal."""
    length, sigma = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))[level]
    scale = scale_of(x)
    angles = generator.uniform(-math.pi / 4, math.pi / 4, len(x))
    return smear(x, angles, max(round(2 * length * scale), 1), sigma * scale)


def zoom_blur(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """A camera that moves towards what it sees: the mean of enlargements, the image twice."""
    largest = (1.06, 1.11, 1.16, 1.21, 1.26)[level]
    factors = np.arange(1, largest, 0.01)
    total = x.copy()
    for factor in factors:
        total += separable(x, zoom_matrix(x.shape[1], float(factor)))
    return total / np.float32(len(factors) + 1)
