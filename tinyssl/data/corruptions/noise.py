"""Noise of sensors."""

from __future__ import annotations

import numpy as np

from tinyssl.data.base import Pixels


def gaussian_noise(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Low light."""
    deviation = (0.04, 0.06, 0.08, 0.09, 0.10)[level]
    return x + deviation * generator.standard_normal(x.shape, dtype=np.float32)


def shot_noise(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Few photons: their number is drawn from a Poisson distribution."""
    photons = (500, 250, 100, 75, 50)[level]
    return (generator.poisson(x * photons) / photons).astype(np.float32)


def impulse_noise(x: Pixels, level: int, generator: np.random.Generator) -> Pixels:
    """Bit errors: a share of the values becomes 0 or 1, each half of them."""
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[level]
    drawn = generator.random(x.shape, dtype=np.float32)
    return np.where(drawn < share, (drawn < share / 2).astype(np.float32), x)
