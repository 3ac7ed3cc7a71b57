"""Inputs that find differences: real samples, noise of every size, and the ends of the range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.spec import Samples, to_int8
from tinyssl.graph.interface import Feeds, ValueInfo, named_values, of_kind
from tinyssl.graph.model import DType, Model, ValueKind
from tinyssl.runtimes.base import Array

Int8 = NDArray[np.int8]

FLIP = np.uint8(0x80)
"""q = u - 128 is the same byte with its highest bit flipped"""
AMPLITUDES = (1, 4, 16, 64)
"""Half-widths of the noise around the zero point: quiet inputs reach other roundings than loud.
Of float inputs, in 64ths"""
FLOAT_NOISE = 4.0
"""Half-width of the noise of float inputs"""
FORCED = 3 + 2 * len(AMPLITUDES)
"""Extremes and quiet inputs that are always among the compared"""


def wire_to_model(model: Model, samples: Samples) -> Int8:
    """Samples as the model takes them: pixels 0 to 255 are -128 to 127; see `FeatureSpec`.

    Args:
        model: Gives the shape of an input.
        samples: (n, …), in a dtype of `FeatureSpec`.
    """
    return _codes(model.input.shape, samples)


def _codes(shape: tuple[int, ...], samples: Samples) -> Int8:
    return to_int8(samples).reshape((len(samples), *shape))


def to_wire(x: Array, uint8: bool) -> bytes:
    """The first input as the device takes it: int8 as pixels where it says so, else as it is."""
    if not uint8:
        return x.tobytes()
    return bytes((np.ascontiguousarray(x).view(np.uint8) ^ FLIP).tobytes())


def make_inputs(model: Model, count: int, seed: int, samples: Samples | None = None) -> list[Feeds]:
    """Extremes and quiet inputs (`FORCED` of them), then test samples, then noise to fill up.

    Args:
        model: Whose inputs' shapes, types and zero points count.
        count: How many; never fewer than `FORCED`.
        seed: Of the noise.
        samples: Test samples (n, …), of a model with one input.

    Returns:
        max(count, FORCED) feeds: name of the input -> array of its type and shape.
    """
    rng = np.random.default_rng(seed)
    more = max(count - FORCED, 0)
    return _zipped(
        model,
        lambda value: [*_forced(value, rng), *_samples(value, more, rng, samples)],
    )


def sample_inputs(
    model: Model, count: int, seed: int, samples: Samples | None = None
) -> list[Feeds]:
    """`count` feeds: test samples (n, …), then noise to fill up."""
    rng = np.random.default_rng(seed)
    return _zipped(model, lambda value: _samples(value, count, rng, samples))


def _zipped(model: Model, make: Callable[[ValueInfo], list[Array]]) -> list[Feeds]:
    """One list of arrays an input, as one dictionary an inference."""
    inputs = of_kind(named_values(model), ValueKind.INPUT)
    columns = [make(value) for value in inputs]
    names = [value.name for value in inputs]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _samples(
    value: ValueInfo, count: int, rng: np.random.Generator, samples: Samples | None
) -> list[Array]:
    chosen = [] if samples is None else list(_codes(value.shape, samples[:count]))
    shape = (count - len(chosen), *value.shape)
    low, high = _range(value.dtype)
    if value.dtype is DType.FLOAT32:
        return [*chosen, *rng.uniform(low, high, shape).astype(np.float32)]
    return [*chosen, *rng.integers(int(low), int(high) + 1, shape, dtype=value.dtype.value)]


def _range(dtype: DType) -> tuple[float, float]:
    """Least and greatest value of the noise."""
    if dtype is DType.FLOAT32:
        return -FLOAT_NOISE, FLOAT_NOISE
    if dtype is DType.BOOL:
        return 0, 1
    limits = np.iinfo(dtype.value)
    return int(limits.min), int(limits.max)


def _forced(value: ValueInfo, rng: np.random.Generator) -> list[Array]:
    zero = 0 if value.quant is None else value.quant.zero_point[0]
    low, high = _range(value.dtype)
    constant = [np.full(value.shape, each, dtype=value.dtype.value) for each in (low, high, zero)]
    quiet = []
    for amplitude in AMPLITUDES:
        for _ in range(2):
            noise = zero + rng.integers(-amplitude, amplitude + 1, value.shape)
            scaled = noise / AMPLITUDES[-1] if value.dtype is DType.FLOAT32 else noise
            quiet.append(np.clip(scaled, low, high).astype(value.dtype.value))
    return [*constant, *quiet]
