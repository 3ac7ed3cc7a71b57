"""Snow, frost and fog."""

from __future__ import annotations

import math

import numpy as np

from tinyssl.data.base import Pixels
from tinyssl.data.corruptions.sampling import plasma, scale_of, separable, smear, zoom_matrix

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
ICE = np.array([0.80, 0.92, 1.0], np.float32)
"""Colour of frost: white with a little blue (ours)"""


def snow(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Bright streaks that fall, before a paler picture."""
    levels: tuple[tuple[float, ...], ...] = (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )
    mean, deviation, zoom, threshold, length, sigma, keep = levels[level]
    count, side = x.shape[:2]
    scale = scale_of(x)
    flakes = generator.normal(mean, deviation, (count, side, side, 1)).astype(np.float32)
    flakes = separable(flakes, zoom_matrix(side, zoom * scale))
    flakes = np.where(flakes < threshold, 0, flakes.clip(0, 1)).astype(np.float32)
    angles = generator.uniform(-0.75 * math.pi, -0.25 * math.pi, (count,))
    layer = smear(flakes, angles, max(round(2 * length * scale), 1), sigma * scale)
    pale = np.maximum(x, (x @ LUMA)[..., None] * 1.5 + 0.5)
    fallen: Pixels = keep * x + (1 - keep) * pale + layer + np.rot90(layer, 2, axes=(1, 2))
    return fallen


def frost(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Ice on the lens: the picture, weakened, plus crystals."""
    keep, add = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[level]
    # crystals (ours): the contour lines of two clouds, sharp and bright, on a pale ground
    clouds = [plasma(len(x), x.shape[1], decay, generator) for decay in (1.5, 1.25)]
    lines = [1 - np.abs(2 * cloud - 1) for cloud in clouds]
    crystals = 0.3 + 0.7 * np.maximum(lines[0] ** 4, lines[1] ** 6)
    return np.asarray(keep * x + add * crystals[..., None] * ICE, np.float32)


def fog(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Clouds before the picture; the brightest value stays as bright as it was."""
    strength, decay = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))[level]
    highest = x.max(axis=(1, 2, 3), keepdims=True)
    clouds = plasma(len(x), x.shape[1], decay, generator)[..., None]
    return np.asarray((x + strength * clouds) * highest / (highest + strength), np.float32)
