"""Inputs that find differences: real samples, noise of every size, and the ends of the range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tinyssl.core.errors import UsageError
from tinyssl.data.scaling import CODES, HINT, PixelScale
from tinyssl.data.spec import Samples, to_int8, to_unit
from tinyssl.graph.interface import REAL, Feeds, ValueInfo, named_values, of_kind
from tinyssl.graph.model import DType, Model, ValueKind
from tinyssl.ops import spec_of
from tinyssl.runtimes.base import Array

FLIP = np.uint8(0x80)
"""q = u - 128 is the same byte with its highest bit flipped"""
AMPLITUDES = (1, 4, 16, 64)
"""Half-widths of the noise around the zero point: quiet inputs reach other roundings than loud.
Of float inputs, in 64ths"""
FLOAT_NOISE = 4.0
"""Half-width of the noise of float inputs that no QUANTIZE reads"""
FLOAT_MARGIN = 0.02
"""Share of the range by which the noise of float inputs goes beyond it at each end"""
FORCED = 3 + 2 * len(AMPLITUDES)
"""Extremes and quiet inputs that are always among the compared"""


def wire_to_model(model: Model, samples: Samples) -> Array:
    """Samples as the first input's own elements, without a scaling of their own.

    A byte is the model's byte (pixels 0 to 255 are -128 to 127 of int8), a float32 is in [0, 1];
    see `FeatureSpec`.

    Args:
        model: Gives type and shape of an input.
        samples: (n, …), in a dtype of `FeatureSpec`.

    Raises:
        UsageError: The input has another type.
    """
    return _codes(of_kind(named_values(model), ValueKind.INPUT)[0], samples)


def _codes(value: ValueInfo, samples: Samples) -> Array:
    found: Array
    if value.dtype is DType.FLOAT32:
        found = to_unit(samples)
    elif value.dtype is DType.UINT8:
        found = to_int8(samples).view(np.uint8) ^ FLIP
    elif value.dtype is DType.INT8:
        found = to_int8(samples)
    else:
        raise UsageError(
            f"the input {value.name} is {value.text}; samples become int8, uint8 or float32",
            hint="feed it from your own code (docs/PROTOCOL.md: set)",
        )
    return np.reshape(found, (len(samples), *value.shape))


def pixel_scaling(pixels: str | None, model: Model, value: ValueInfo) -> PixelScale | None:
    """What a pixel means to a model, as it was declared; None: it is the model's byte.

    Args:
        pixels: LOW:HIGH or `codes`, as `--pixels` says it; None: nobody said it.
        model: Tells, in the error, what its quantisation spans.
        value: Its input: (1, height, width, channels).

    Raises:
        UsageError: Nobody said it, or it is no such declaration.
    """
    if pixels == CODES:
        return None
    if pixels is not None:
        return PixelScale.parse(pixels, value.shape[3])
    found = real_range(model, value)
    spans = f"its quantisation spans {found[0]:.4g} to {found[1]:.4g}" if found else ""
    raise UsageError(
        f"how were pixels scaled when this model was trained? Its input {value.name} is "
        f"{value.text}{'; ' if spans else ''}{spans}",
        hint=f"say it with --pixels: {HINT}",
    )


def scaled(value: ValueInfo, scaling: PixelScale, samples: Samples) -> Array:
    """Samples as elements of an input whose real values a `PixelScale` declares.

    Args:
        value: The input: float32, or quantised.
        scaling: What samples mean to the network.
        samples: (n, …, channels), in a dtype of `FeatureSpec`.

    Returns:
        (n, *value.shape): reals of float32, else the nearest codes, halves to even.
    """
    return nearest_codes(value, scaling.reals(samples).reshape((len(samples), *value.shape)))


def nearest_codes(value: ValueInfo, reals: Array) -> Array:
    """Reals as elements of an input, of the same shape: the nearest codes where it is quantised."""
    if value.quant is None:
        return reals.astype(value.dtype.value)
    low, high = _range(value.dtype)
    codes = np.round(reals / np.float32(value.quant.scale[0])) + value.quant.zero_point[0]
    found: Array = np.clip(codes, low, high).astype(value.dtype.value)
    return found


def nearest_feed(inputs: Sequence[ValueInfo], reals: Feeds) -> Feeds:
    """Reals in the inputs' order as elements of theirs."""
    return {
        value.name: nearest_codes(value, array).reshape(value.shape)
        for value, array in zip(inputs, reals.values(), strict=True)
    }


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
        lambda value: [
            *_forced(value, rng, _noise_range(model, value)),
            *_samples(value, more, rng, (samples, _noise_range(model, value))),
        ],
    )


def sample_inputs(
    model: Model, count: int, seed: int, samples: Samples | None = None
) -> list[Feeds]:
    """`count` feeds: test samples (n, …), then noise to fill up."""
    rng = np.random.default_rng(seed)
    return _zipped(
        model,
        lambda value: _samples(value, count, rng, (samples, _noise_range(model, value))),
    )


def _zipped(model: Model, make: Callable[[ValueInfo], list[Array]]) -> list[Feeds]:
    """One list of arrays an input, as one dictionary an inference."""
    inputs = of_kind(named_values(model), ValueKind.INPUT)
    columns = [make(value) for value in inputs]
    names = [value.name for value in inputs]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _samples(
    value: ValueInfo,
    count: int,
    rng: np.random.Generator,
    sources: tuple[Samples | None, tuple[float, float]],
) -> list[Array]:
    """Test samples, then noise in a range."""
    samples, (low, high) = sources
    chosen = [] if samples is None else list(_codes(value, samples[:count]))
    shape = (count - len(chosen), *value.shape)
    if value.dtype is DType.FLOAT32:
        return [*chosen, *rng.uniform(low, high, shape).astype(np.float32)]
    return [*chosen, *rng.integers(int(low), int(high) + 1, shape, dtype=value.dtype.value)]


def real_range(model: Model, value: ValueInfo) -> tuple[float, float] | None:
    """Real values between which an input's elements differ: of its codes, of float32 those of the
    QUANTIZE that reads it; None where nothing quantises it.
    """
    readers = [op for op in model.ops if value.index in op.inputs]
    quantised = [value.index, *(index for op in readers for index in op.outputs)]
    if value.quant is not None:
        quantised = [value.index]
    tensors = [model.tensor(index) for index in quantised]
    reals = [
        tensor.quant.scale[0] * (code - tensor.quant.zero_point[0])
        for tensor in tensors
        if tensor.quant is not None and tensor.dtype not in REAL
        for code in _range(tensor.dtype)
    ]
    return (min(reals), max(reals)) if reals else None


def _index_end(model: Model, value: ValueInfo) -> int | None:
    """What the elements of an input must be below where an operator takes them for indices, as
    they are or after views and CAST; None where none does.
    """
    same, ends = {value.index}, []
    for op in model.ops:
        spec = spec_of(op)
        ends += [end for index, end in spec.index_ends(model, op).items() if index in same]
        if (spec.is_view or op.kind == "CAST") and op.inputs[0] in same:
            same.update(op.outputs)
    return min(ends, default=None)


def _noise_range(model: Model, value: ValueInfo) -> tuple[float, float]:
    """Least and greatest value of an input's noise; of float32 a bit beyond its real range.

    Interpreters end at an index that leaves its table: indices stay in it.
    """
    end = _index_end(model, value)
    if end is not None:
        return 0, end - 1
    found = real_range(model, value)
    if value.dtype is not DType.FLOAT32 or found is None:
        return _range(value.dtype)
    beyond = FLOAT_MARGIN * (found[1] - found[0])
    return found[0] - beyond, found[1] + beyond


def _range(dtype: DType) -> tuple[float, float]:
    """Least and greatest value of the noise."""
    if dtype is DType.FLOAT32:
        return -FLOAT_NOISE, FLOAT_NOISE
    if dtype is DType.BOOL:
        return 0, 1
    limits = np.iinfo(dtype.value)
    return int(limits.min), int(limits.max)


def _forced(
    value: ValueInfo, rng: np.random.Generator, noise_range: tuple[float, float]
) -> list[Array]:
    zero = 0 if value.quant is None else value.quant.zero_point[0]
    low, high = noise_range
    constant = [np.full(value.shape, each, dtype=value.dtype.value) for each in (low, high, zero)]
    quiet = []
    for amplitude in AMPLITUDES:
        for _ in range(2):
            noise = zero + rng.integers(-amplitude, amplitude + 1, value.shape)
            quieter = noise / AMPLITUDES[-1] if value.dtype is DType.FLOAT32 else noise
            quiet.append(np.clip(quieter, low, high).astype(value.dtype.value))
    return [*constant, *quiet]


def pixel_codes(value: ValueInfo, scaling: PixelScale | None) -> Array:
    """What each of the 256 pixels is to an input, channel by channel.

    Args:
        value: The input: (1, height, width, channels).
        scaling: What a pixel means to the network; None: it is the model's byte.

    Returns:
        (256, channels) elements of the input.

    Raises:
        UsageError: A pixel is no byte of the input's type.
    """
    channels = value.shape[-1]
    pixels = np.repeat(np.arange(256, dtype=np.uint8)[:, None], channels, axis=1)
    if scaling is not None:
        return nearest_codes(value, scaling.reals(pixels))
    return _codes(replace(value, shape=(channels,)), pixels)
