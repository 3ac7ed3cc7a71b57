"""INT8 operators of `reference`: the forward pass as TFLM rounds it, and the backward pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tests.training import reference_layers as layers
from tests.training.reference_operators import windows
from tinyssl.ops.common import weights
from tinyssl.ops.common.activation import REAL_RANGES, Activation, activation_range
from tinyssl.ops.common.fixed_point import requantise
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.common.scaled import sum_scaling

if TYPE_CHECKING:
    from tests.training.reference import Reference

Array = NDArray[Any]
MOST = 2**46
"""Largest size of a step, in 2^-16 quantisation steps"""


def layer(ref: Reference, op: Any) -> None:
    """Weighted sums of an INT8 layer."""
    shape = layers.geometry(ref.model, op)
    source, target = ref.model.quant(op.input), ref.model.quant(op.output)
    x = ref.values[op.input].astype(np.int64).reshape(shape.source) - source.zero_point[0]
    weight = layers.kernel_order(op, ref.values[op.weight].astype(np.int64), shape)
    sums = layers.weighted_sums(x, weight, shape)
    sums += 0 if op.bias is None else ref.values[op.bias]
    factors = weights.channel_multipliers(ref.model, op)
    factors = factors if len(factors) > 1 else factors * shape.taps[0]
    for c, factor in enumerate(factors):
        sums[..., c] = requantise(sums[..., c], factor)
    _store(ref, op, sums + target.zero_point[0], op.activation)


def _store(ref: Reference, op: Any, found: Array, activation: Any) -> None:
    value = ref.model.tensor(op.output)
    low, high = activation_range(activation, ref.model.quant(op.output))
    ref.values[op.output] = np.clip(found, low, high).astype(np.int8).reshape(value.shape)


def add(ref: Reference, op: Any) -> None:
    """The sum of two INT8 values."""
    scaling = sum_scaling(ref.model, op)
    total = np.zeros(ref.model.tensor(op.output).shape, np.int64)
    for index, factor in ((op.left, scaling.left), (op.right, scaling.right)):
        x = ref.values[index].astype(np.int64) - ref.model.quant(index).zero_point[0]
        total = total + requantise(x << 20, factor)
    found = requantise(total, scaling.output) + ref.model.quant(op.output).zero_point[0]
    _store(ref, op, found, op.activation)


def mean(ref: Reference, op: Any) -> None:
    """The mean over height and width of an INT8 image."""
    x = ref.values[op.input].astype(np.int64) - ref.model.quant(op.input).zero_point[0]
    found = requantise(x.sum(op.axes), mean_multiplier(ref.model, op))
    found = found + ref.model.quant(op.output).zero_point[0]
    ref.values[op.output] = np.clip(found, -128, 127).astype(np.int8)


def pool(ref: Reference, op: Any) -> None:
    """A pooling of an INT8 image; means are rounded half away from zero."""
    source, shape = ref.values[op.input].astype(np.int64), ref.model.tensor(op.output).shape
    out = np.zeros(shape, np.int64)
    corner = (op.padding.top, op.padding.left)
    for place, box in windows(shape, op.size, op.stride, corner, source.shape):
        rows = source[box].reshape(-1, shape[3])
        sums, half = rows.sum(0), len(rows) // 2
        means = np.sign(sums) * ((np.abs(sums) + half) // len(rows))
        out[place] = means if op.kind == "AVERAGE_POOL_2D" else rows.max(0)
    _store(ref, op, out, op.activation)


def dequantize(ref: Reference, op: Any) -> None:
    """Real values."""
    quant = ref.model.quant(op.input)
    scale = np.float32(quant.scale[0])
    ref.values[op.output] = scale * (ref.values[op.input].astype(np.int32) - quant.zero_point[0])
    ref.values[op.output] = ref.values[op.output].astype(ref.real)


def _scaled(sums: Array) -> tuple[Array, int]:
    """Sums in seven bits, halves upwards, and the shift that does it."""
    size = int(np.where(sums < 0, ~sums, sums).max())
    shift = max(size.bit_length() - 7, 0)
    found = (sums + ((1 << shift) >> 1)) >> shift
    return np.clip(found, -127, 127).astype(np.int8), shift


def quantise_error(ref: Reference, op: Any) -> None:
    """A float32 error in int8, halves away from zero."""
    error = ref.values[op.error].astype(np.float64)
    largest = float(np.abs(error).max())
    exponent = math.frexp(largest)[1] - 7 if largest >= 2.0**-126 else 0
    scaled = np.floor(np.abs(error) / 2.0**exponent + 0.5).clip(0, 127) * np.sign(error)
    ref.values[op.output] = scaled.astype(np.int8)
    ref.values[op.exponent] = np.array([exponent], np.int32)


def error_sum(ref: Reference, op: Any) -> None:
    """Two errors, brought to the larger exponent."""
    sides = ((op.left, op.left_exponent), (op.right, op.right_exponent))
    most = max(int(ref.values[exponent][0]) for _, exponent in sides)
    total = np.zeros(ref.values[op.left].shape, np.int64)
    for error, exponent in sides:
        shift = most - int(ref.values[exponent][0])
        scale = round(ref.model.quant(error).scale[0] * 2**15)
        total += ref.values[error].astype(np.int64) * (scale >> min(shift, 40))
    ref.values[op.output], shift = _scaled(total)
    ref.values[op.exponent] = np.array([most - 15 + shift], np.int32)


def _inside(ref: Reference, op: Any) -> Array:
    """Where no end of the activation is."""
    y = ref.values[op.value].astype(np.int64)
    ends = activation_range(op.activation, ref.model.quant(op.value))
    low, high = REAL_RANGES[op.activation]
    return np.asarray((low is None or y > ends[0]) & (high is None or y < ends[1]))


def clamp_error(ref: Reference, op: Any) -> None:
    """No error passes at an end of the activation."""
    ref.values[op.output] = np.where(_inside(ref, op), ref.values[op.error], 0).astype(np.int8)


def clamp_mask(ref: Reference, op: Any) -> None:
    """The same as bits."""
    inside = _inside(ref, op).ravel()
    bits = np.zeros(-(-inside.size // 32) * 32, np.uint8)
    bits[: inside.size] = inside
    ref.values[op.output] = np.packbits(bits, bitorder="little").view("<i4")


def mask_error(ref: Reference, op: Any) -> None:
    """No error passes where the bit is 0."""
    error = ref.values[op.error]
    bits = np.unpackbits(ref.values[op.mask].view(np.uint8), bitorder="little")
    ref.values[op.output] = error * bits[: error.size].reshape(error.shape).astype(np.int8)


def layer_error(ref: Reference, op: Any) -> None:
    """Errors times weights, each channel's with its share."""
    weight = layers.filters(ref.values[op.weight].astype(np.int64), op.layer)
    shares = np.broadcast_to(np.array(op.shares), op.layer.target[-1:])
    error = ref.values[op.error].astype(np.int64).reshape(op.layer.target) * shares
    _pass(ref, op, layers.input_error(error, weight, op.layer))


def _pass(ref: Reference, op: Any, sums: Array, shift: int | None = None) -> None:
    found, own = _scaled(sums)
    ref.values[op.output] = found.reshape(ref.model.tensor(op.output).shape)
    exponent = int(ref.values[op.exponent][0]) + op.exponent_step
    ref.values[op.out_exponent] = np.array([exponent + (own if shift is None else shift)], np.int32)


def layer_update(ref: Reference, op: Any) -> None:
    """Steps of weights and biases, rounded at random."""
    state = (int(ref.values[op.rounding].ravel()[0]) * 1664525 + 1013904223) % 2**32
    ref.values[op.rounding] = np.array([state], np.uint32).view(np.int32)
    error = ref.values[op.error].astype(np.int64).reshape(op.layer.target)
    if op.weight is not None:
        source = ref.values[op.input].astype(np.int64).reshape(op.layer.source) - op.in_zero
        sums = np.zeros(ref.values[op.weight].shape, np.int64)
        steps = np.zeros(sums.shape, np.float32)
        by_channel = np.array(op.weight_steps, np.float32).reshape(-1, 1, 1, 1)
        layers.filters(sums, op.layer)[:] = layers.weight_gradient(source, error, op.layer)
        layers.filters(steps, op.layer)[:] = by_channel
        _descend(ref, op, op.weight, sums, steps, (state, 127))
    if op.bias is not None:
        sums = layers.bias_gradient(error, op.layer)
        steps = np.array(op.bias_steps, np.float32)
        _descend(ref, op, op.bias, sums, steps, (~state % 2**32, op.bias_most))


def _descend(
    ref: Reference, op: Any, parameter: int, sums: Array, steps: Array, ends: tuple[int, int]
) -> None:
    seed, most = ends
    old = ref.values[parameter]
    factors = ref.values[op.rate].astype(np.float32)[0] * steps
    exponent = int(ref.values[op.exponent][0])
    step = np.array(
        [_step(int(n), float(f), exponent) for n, f in zip(sums.flat, factors.flat, strict=True)]
    )
    random = random16(seed, np.arange(old.size))
    new = old.astype(np.int64).ravel() - ((step + random) >> 16)
    changed = np.where((sums.ravel() != 0) | (most > 127), np.clip(new, -most, most), old.ravel())
    ref.values[parameter] = changed.astype(old.dtype).reshape(old.shape)


def _step(sum_: int, factor: float, exponent: int) -> int:
    """In 2^-16 quantisation steps, halves upwards: exact."""
    if not math.isfinite(factor) or abs(factor) < 2.0**-126:
        return 0
    mantissa, power = math.frexp(factor)
    significand, shift = int(mantissa * 2**24), 24 - 16 - power - exponent
    if shift > 62:
        return 0
    found = sum_ * significand
    found = (found + (1 << shift >> 1)) >> shift if shift > 0 else found << min(-shift, 99)
    return max(min(found, MOST), -MOST)


def random16(seed: int, place: Array) -> Array:
    """16 random bits of each place."""
    x = (np.uint32(seed) + place.astype(np.uint32) * np.uint32(0x9E3779B1)).astype(np.uint32)
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
    x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
    return ((x ^ x >> np.uint32(16)) >> np.uint32(16)).astype(np.int64)


def average_error(ref: Reference, op: Any) -> None:
    """Shares of each window, in 16ths of a whole one's."""
    window = op.window
    error = ref.values[op.error].astype(np.int64).reshape(window.target)
    out, whole = np.zeros(window.source, np.int64), window.size[0] * window.size[1]
    places = windows(window.target, window.size, window.stride, window.corner, window.source)
    for place, box in places:
        count = out[box][..., 0].size
        out[box] += error[place] * ((16 * whole + count // 2) // count)
    _pass(ref, op, out)


def max_error(ref: Reference, op: Any) -> None:
    """The first of a window's largest elements gets the error."""
    window = op.window
    error = ref.values[op.error].astype(np.int64).reshape(window.target)
    source, out = ref.values[op.input].reshape(window.source), np.zeros(window.source, np.int64)
    error = np.clip((error + ((1 << op.spare) >> 1)) >> op.spare, -127, 127)
    places = windows(window.target, window.size, window.stride, window.corner, window.source)
    for place, box in places:
        rows = source[box]
        for c, at in enumerate(rows.reshape(-1, rows.shape[-1]).argmax(0)):
            spot = out[box][(*np.unravel_index(at, rows.shape[:2]), c)] + error[place][c]
            out[box][(*np.unravel_index(at, rows.shape[:2]), c)] = np.clip(spot, -127, 127)
    _pass(ref, op, out, op.spare)
    ref.values[op.output] = out.astype(np.int8).reshape(ref.model.tensor(op.output).shape)


def relu(ref: Reference, op: Any) -> None:
    """RELU from one quantisation to the same."""
    _store(ref, op, ref.values[op.input].astype(np.int64), Activation.RELU)


INT8_FORWARD: dict[str, Callable[[Reference, Any], None]] = {
    **dict.fromkeys(("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D"), layer),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), pool),
    "ADD": add,
    "MEAN": mean,
    "RELU": relu,
    "CLAMP_MASK": clamp_mask,
    "MASK_ERROR": mask_error,
}
"""Of operators that other types have too"""
QUANTISED: dict[str, Callable[[Reference, Any], None]] = {
    "DEQUANTIZE": dequantize,
    "QUANTISE_ERROR": quantise_error,
    "QUANTISED_ERROR_SUM": error_sum,
    "QUANTISED_CLAMP_ERROR": clamp_error,
    "QUANTISED_LAYER_ERROR": layer_error,
    "QUANTISED_LAYER_UPDATE": layer_update,
    "QUANTISED_AVERAGE_POOL_ERROR": average_error,
    "QUANTISED_MAX_POOL_ERROR": max_error,
}
