"""Operators of `reference` that are not layers of weights, losses or smooth functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.ops.common.activation import Activation, float_range
from tinyssl.ops.common.new_classes import FREE, FREE_BELOW

if TYPE_CHECKING:
    from tests.training.reference import Reference

Array = NDArray[Any]


def clamp(activation: Activation, x: Array) -> Array:
    """A fused activation."""
    return np.asarray(np.clip(x, *float_range(activation)).astype(x.dtype))


def _relu(ref: Reference, op: Any) -> None:
    ref.values[op.output] = np.clip(ref.values[op.input], 0, None if op.kind == "RELU" else 6)


def _leaky_relu(ref: Reference, op: Any) -> None:
    x = ref.values[op.input]
    ref.values[op.output] = np.where(x > 0, x, x * ref.real(op.alpha))


def _leaky_relu_error(ref: Reference, op: Any) -> None:
    error = ref.values[op.error]
    ref.values[op.output] = np.where(ref.values[op.value] > 0, error, error * ref.real(op.alpha))


def _hard_swish(ref: Reference, op: Any) -> None:
    x, f = ref.values[op.input], ref.real
    ref.values[op.output] = x * np.clip(x + f(3), f(0), f(6)) / f(6)


def _hard_swish_error(ref: Reference, op: Any) -> None:
    x, f = ref.values[op.value], ref.real
    slope = np.where(x <= -3, f(0), np.where(x < 3, x / f(3) + f(0.5), f(1)))
    ref.values[op.output] = ref.values[op.error] * slope


def _softmax(ref: Reference, op: Any) -> None:
    x = ref.values[op.input]
    powers = ref.smooth_exp((x - x.max(-1, keepdims=True)) * ref.real(op.beta))
    ref.values[op.output] = powers / _sum(powers)


def _softmax_error(ref: Reference, op: Any) -> None:
    error, y = ref.values[op.error], ref.values[op.value]
    ref.values[op.output] = (error - _sum(error * y)) * y * ref.real(op.beta)


def _sum(x: Array) -> Array:
    """Over the last axis, in order."""
    total = np.zeros_like(x[..., :1])
    for at in range(x.shape[-1]):
        total += x[..., at : at + 1]
    return total


def _pair(function: Callable[[Array, Array], Array]) -> Callable[[Reference, Any], None]:
    def compute(ref: Reference, op: Any) -> None:
        found = function(ref.values[op.left], ref.values[op.right])
        ref.values[op.output] = clamp(op.activation, found)

    return compute


def _neg(ref: Reference, op: Any) -> None:
    ref.values[op.output] = -ref.values[op.input]


def _concatenation(ref: Reference, op: Any) -> None:
    ref.values[op.output] = np.concatenate([ref.values[part] for part in op.parts], op.axis)


def _slice(ref: Reference, op: Any) -> None:
    box = tuple(slice(at, at + size) for at, size in zip(op.begin, op.size, strict=True))
    ref.values[op.output] = ref.values[op.input][box]


def _view(ref: Reference, op: Any, found: Array) -> None:
    ref.values[op.output] = found.copy()


def _strided_slice(ref: Reference, op: Any) -> None:
    found = ref.values[op.input][tuple(axis.span for axis in op.axes)]
    ref.values[op.output] = found.reshape(ref.model.tensor(op.output).shape)


def _split(ref: Reference, op: Any) -> None:
    cut = np.split(ref.values[op.input], len(op.parts), op.axis)
    for value, part in zip(op.parts, cut, strict=True):
        ref.values[value] = part.reshape(ref.model.tensor(value).shape)


def _pack(ref: Reference, op: Any) -> None:
    ref.values[op.output] = np.stack([ref.values[part] for part in op.parts], op.axis)


def _blocks(x: Array, block: int) -> Array:
    """Squares of pixels as channels."""
    _, height, width, depth = x.shape
    cut = x.reshape(1, height // block, block, width // block, block, depth)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(1, height // block, width // block, -1)


def _space_to_depth(ref: Reference, op: Any) -> None:
    ref.values[op.output] = _blocks(ref.values[op.input], op.block)


def _depth_to_space(ref: Reference, op: Any) -> None:
    shape = ref.model.tensor(op.output).shape
    places = _blocks(np.arange(np.prod(shape)).reshape(shape), op.block)
    out = np.zeros(int(np.prod(shape)), ref.real)
    out[places.ravel()] = ref.values[op.input].ravel()
    ref.values[op.output] = out.reshape(shape)


def _places(counts: Any, steps: Any, start: int) -> Array:
    """Elements that nested loops visit, in their order."""
    found = np.array([start])
    for count, step in zip(counts, steps, strict=True):
        found = np.add.outer(found, np.arange(count) * step)
    return found.ravel()


def _move(ref: Reference, op: Any) -> None:
    found = ref.values[op.input].ravel()[_places(op.counts, op.steps, op.start)]
    ref.values[op.output] = found.reshape(ref.model.tensor(op.output).shape)


def _move_error(ref: Reference, op: Any) -> None:
    loops = [
        *((loop.count, loop.source, loop.target) for loop in op.copy.loops),
        (op.copy.run, 1, 1),
    ]
    counts, sources, targets = zip(*loops, strict=True)
    read = _places(counts, sources, op.copy.source_start)
    written = _places(counts, targets, op.copy.target_start)
    shape = ref.model.tensor(op.output).shape
    out, error = np.zeros(int(np.prod(shape)), ref.real), ref.values[op.error].ravel()
    for to, at in zip(read, written, strict=True):
        out[to] += error[at]
    ref.values[op.output] = out.reshape(shape)


def _chosen_error(ref: Reference, op: Any) -> None:
    passes = (ref.values[op.side] == ref.values[op.chosen]) == op.equal
    ref.values[op.output] = np.where(passes, ref.values[op.error], ref.real(0))


def _choice(function: Callable[[Array, Array], Array]) -> Callable[[Reference, Any], None]:
    def compute(ref: Reference, op: Any) -> None:
        ref.values[op.output] = function(ref.values[op.left], ref.values[op.right])

    return compute


def _function(function: Callable[[Any, Array], Array]) -> Callable[[Reference, Any], None]:
    """Of one value, and of how a number becomes one of the element type."""

    def compute(ref: Reference, op: Any) -> None:
        ref.values[op.output] = np.asarray(function(ref.real, ref.values[op.input]))

    return compute


def _slope(function: Callable[[Any, Array], Array]) -> Callable[[Reference, Any], None]:
    """The error times a function of a value."""

    def compute(ref: Reference, op: Any) -> None:
        slope = function(ref.real, ref.values[op.value])
        ref.values[op.output] = np.asarray(ref.values[op.error] * slope)

    return compute


def _sqrt_error(ref: Reference, op: Any) -> None:
    ref.values[op.output] = ref.values[op.error] / (ref.real(2) * ref.values[op.value])


def _pad(ref: Reference, op: Any) -> None:
    ref.values[op.output] = np.pad(
        ref.values[op.input], op.amounts, constant_values=getattr(op, "value", 0)
    )


def _mean(ref: Reference, op: Any) -> None:
    x = ref.values[op.input]
    kept = [axis for axis in range(x.ndim) if axis not in op.axes]
    rows = x.transpose(*kept, *op.axes).reshape(*(x.shape[axis] for axis in kept), -1)
    count = rows.shape[-1] if op.kind == "MEAN" else 1
    found = _sum(rows)[..., 0] / ref.real(count)
    ref.values[op.output] = found.reshape(ref.model.tensor(op.output).shape)


Window = tuple[tuple[int, int, int], tuple[int, slice, slice]]


def windows(
    target: tuple[int, ...], size: Any, stride: Any, corner: Any, source: tuple[int, ...]
) -> Iterator[Window]:
    """Each output pixel with its window in the input."""
    for n, y, x in product(*map(range, target[:3])):
        starts = [at * step - pad for at, step, pad in zip((y, x), stride, corner, strict=True)]
        rows, columns = (
            slice(max(start, 0), min(start + taps, length))
            for start, taps, length in zip(starts, size, source[1:3], strict=True)
        )
        yield (n, y, x), (n, rows, columns)


def _pool(ref: Reference, op: Any) -> None:
    source, shape = ref.values[op.input], ref.model.tensor(op.output).shape
    out = np.zeros(shape, ref.real)
    corner = (op.padding.top, op.padding.left)
    for place, window in windows(shape, op.size, op.stride, corner, source.shape):
        rows = source[window].reshape(-1, shape[3]).T
        mean = op.kind == "AVERAGE_POOL_2D"
        out[place] = _sum(rows)[:, 0] / ref.real(rows.shape[1]) if mean else rows.max(1)
    ref.values[op.output] = clamp(op.activation, out)


def _pool_error(ref: Reference, op: Any) -> None:
    window = op.window
    error = ref.values[op.error].reshape(window.target)
    out = np.zeros(window.source, ref.real)
    places = windows(window.target, window.size, window.stride, window.corner, window.source)
    for place, box in places:
        if op.kind == "AVERAGE_POOL_ERROR":
            out[box] += error[place] / ref.real(out[box][..., 0].size)
            continue
        rows = ref.values[op.input].reshape(window.source)[box]
        for c, at in enumerate(rows.reshape(-1, rows.shape[-1]).argmax(0)):
            out[box][(*np.unravel_index(at, rows.shape[:2]), c)] += error[place][c]
    ref.values[op.output] = out.reshape(ref.model.tensor(op.output).shape)


def _open_class(ref: Reference, op: Any) -> None:
    bias, label = ref.values[op.bias], int(ref.values[op.target].ravel()[0])
    free = bias < FREE_BELOW
    own = np.arange(bias.size) == label - (op.classes - bias.size)
    ref.values[op.bias] = np.where(free, np.where(own, ref.real(0), ref.real(FREE)), bias)
    if op.velocity is not None:
        ref.values[op.velocity] = np.where(free, ref.real(0), ref.values[op.velocity])


def _clamp_mask(ref: Reference, op: Any) -> None:
    y = ref.values[op.value].ravel()
    low, high = float_range(op.activation)
    bits = np.zeros(-(-y.size // 32) * 32, np.uint8)
    bits[: y.size] = (y > low) & (y < high)
    ref.values[op.output] = np.packbits(bits, bitorder="little").view("<i4")


def _mask_error(ref: Reference, op: Any) -> None:
    error = ref.values[op.error]
    bits = np.unpackbits(ref.values[op.mask].view(np.uint8), bitorder="little")
    passes = bits[: error.size].reshape(error.shape) > 0
    ref.values[op.output] = np.where(passes, error, ref.real(0))


OPERATORS: dict[str, Callable[[Reference, Any], None]] = {
    "RELU": _relu,
    "RELU6": _relu,
    "LEAKY_RELU": _leaky_relu,
    "LEAKY_RELU_ERROR": _leaky_relu_error,
    "HARD_SWISH": _hard_swish,
    "HARD_SWISH_ERROR": _hard_swish_error,
    "SMOOTH_SOFTMAX": _softmax,
    "SOFTMAX_ERROR": _softmax_error,
    "ADD": _pair(np.add),
    "SUB": _pair(np.subtract),
    "MUL": _pair(np.multiply),
    "NEG": _neg,
    "CLAMP_MASK": _clamp_mask,
    "MASK_ERROR": _mask_error,
    "CONCATENATION": _concatenation,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "SPLIT": _split,
    "UNPACK": _split,
    "PACK": _pack,
    "TRANSPOSE": lambda ref, op: _view(ref, op, ref.values[op.input].transpose(op.order)),
    "REVERSE_V2": lambda ref, op: _view(ref, op, np.flip(ref.values[op.input], op.axes)),
    "TILE": lambda ref, op: _view(ref, op, np.tile(ref.values[op.input], op.times)),
    "BROADCAST_TO": lambda ref, op: _view(ref, op, np.broadcast_to(ref.values[op.input], op.shape)),
    "SPACE_TO_DEPTH": _space_to_depth,
    "DEPTH_TO_SPACE": _depth_to_space,
    "MOVE": _move,
    "MOVE_ERROR": _move_error,
    "DIV": _pair(np.divide),
    "SQUARED_DIFFERENCE": _choice(lambda left, right: np.square(left - right)),
    "MAXIMUM": _choice(np.maximum),
    "MINIMUM": _choice(np.minimum),
    "CHOSEN_ERROR": _chosen_error,
    "ABS": _function(lambda _, x: np.abs(x)),
    "SQUARE": _function(lambda _, x: np.square(x)),
    "SQRT": _function(lambda _, x: np.sqrt(x)),
    "RSQRT": _function(lambda f, x: f(1) / np.sqrt(x)),
    "ABS_ERROR": _slope(lambda _, x: np.sign(x)),
    "SQUARE_ERROR": _slope(lambda f, x: f(2) * x),
    "SQRT_ERROR": _sqrt_error,
    "RSQRT_ERROR": _slope(lambda f, y: f(-0.5) * (y * y * y)),
    "PAD": _pad,
    "PADV2": _pad,
    "MEAN": _mean,
    "SUM": _mean,
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_ERROR": _pool_error,
    "AVERAGE_POOL_ERROR": _pool_error,
    "OPEN_CLASS": _open_class,
}
