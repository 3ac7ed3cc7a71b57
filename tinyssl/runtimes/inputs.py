"""Inputs that find differences: real images, noise of every size, and the ends of the range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model

Int8 = NDArray[np.int8]

SMALLEST, LARGEST = -128, 127
FLIP = np.uint8(0x80)
"""q = u - 128 is the same byte with its highest bit flipped"""
AMPLITUDES = (1, 4, 16, 64)
"""Half-widths of the noise around the zero point: quiet inputs reach other roundings than loud"""
FORCED = 3 + 2 * len(AMPLITUDES)
"""Extremes and quiet inputs that are always among the compared"""


def wire_to_model(model: Model, images: NDArray[np.uint8]) -> Int8:
    """Pixels as the model takes them: 0 to 255 is -128 to 127.

    Args:
        model: Gives the shape of an input.
        images: (n, h, w, c).
    """
    shape = (len(images), *model.input.shape)
    return (images.astype(np.int16) + SMALLEST).astype(np.int8).reshape(shape)


def to_wire(x: Int8, uint8: bool) -> bytes:
    """An input as the device takes it: pixels where it says so, else raw int8."""
    raw = np.ascontiguousarray(x).view(np.uint8)
    return (raw ^ FLIP if uint8 else raw).tobytes()


def make_inputs(
    model: Model, count: int, seed: int, images: NDArray[np.uint8] | None = None
) -> Int8:
    """Extremes and quiet inputs (`FORCED` of them), then test images, then noise to fill up.

    Args:
        model: Whose input's shape and zero point count.
        count: How many; never fewer than `FORCED`.
        seed: Of the noise.
        images: Test images, uint8 (n, h, w, c), where there are some.

    Returns:
        (max(count, FORCED), *input shape) int8.
    """
    rng = np.random.default_rng(seed)
    forced = _forced(model, rng)
    return np.stack([*forced, *_samples(model, max(count - len(forced), 0), rng, images)])


def sample_inputs(
    model: Model, count: int, seed: int, images: NDArray[np.uint8] | None = None
) -> Int8:
    """Test images, uint8 (n, h, w, c), then noise to fill up: (count, *input shape) int8."""
    return np.stack(_samples(model, count, np.random.default_rng(seed), images))


def _samples(
    model: Model, count: int, rng: np.random.Generator, images: NDArray[np.uint8] | None
) -> list[Int8]:
    chosen = [] if images is None else list(wire_to_model(model, images[:count]))
    shape = (count - len(chosen), *model.input.shape)
    return [*chosen, *rng.integers(SMALLEST, LARGEST + 1, shape, dtype=np.int8)]


def _forced(model: Model, rng: np.random.Generator) -> list[Int8]:
    shape = model.input.shape
    zero = 0 if model.input.quant is None else model.input.quant.zero_point[0]
    constant = [np.full(shape, value, dtype=np.int8) for value in (SMALLEST, LARGEST, zero)]
    quiet = []
    for amplitude in AMPLITUDES:
        for _ in range(2):
            noise = zero + rng.integers(-amplitude, amplitude + 1, shape)
            quiet.append(np.clip(noise, SMALLEST, LARGEST).astype(np.int8))
    return [*constant, *quiet]
