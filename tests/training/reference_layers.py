"""Layers of weighted sums of `reference`, whose weights lie in any order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.common.conv import conv_sums
from tinyssl.ops.common.layer_kernels import LearntGeometry
from tinyssl.ops.common.sums import LayerGeometry
from tinyssl.ops.transpose_conv import spread_sums

Array = NDArray[Any]


def pixels(
    layer: LayerGeometry,
) -> list[tuple[tuple[int, int, int], list[tuple[int, int, int, int]]]]:
    """Output pixels (image, row, column), each with its taps (row, column) and their sources."""
    batch, out_h, out_w = layer.target[:3]
    rows = product(range(batch), range(out_h), range(out_w))
    return [((n, y, x), list(_taps(layer, y, x))) for n, y, x in rows]


def _taps(layer: LayerGeometry, y: int, x: int) -> Iterator[tuple[int, int, int, int]]:
    for ky, kx in product(range(layer.taps[1]), range(layer.taps[2])):
        row = _source(layer, 0, y, ky)
        column = _source(layer, 1, x, kx)
        if row is not None and column is not None:
            yield ky, kx, row, column


def _source(layer: LayerGeometry, axis: int, at: int, tap: int) -> int | None:
    place = at * layer.stride[axis] - layer.corner[axis] + tap * layer.dilation[axis]
    source, rest = divmod(place, layer.spread[axis])
    return source if not rest and 0 <= source < layer.source[1 + axis] else None


def channel_inputs(layer: LayerGeometry) -> Array:
    """The first input that each output channel reads."""
    depth = layer.taps[3]
    members = layer.taps[0] // (layer.source[3] // depth)
    return np.arange(layer.taps[0]) // members * depth


def geometry(model: Model, op: Any) -> LayerGeometry:
    """Of a layer of the inference."""
    if op.kind == "TRANSPOSE_CONV":
        return spread_sums(model, op)
    if op.kind != "FULLY_CONNECTED":
        return conv_sums(model, op)
    out_c, in_c = model.tensor(op.weight).shape
    rows = model.tensor(op.input).elements // in_c
    return LayerGeometry(
        taps=(out_c, 1, 1, in_c), source=(1, 1, rows, in_c), target=(1, 1, rows, out_c)
    )


def kernel_order(op: Any, weight: Array, layer: LayerGeometry) -> Array:
    """The weights of an operator as (channel, row, column, input)."""
    if op.kind == "DEPTHWISE_CONV_2D":
        return weight.transpose(3, 1, 2, 0)
    if op.kind == "TRANSPOSE_CONV":
        return weight[:, ::-1, ::-1]
    return weight.reshape(layer.taps)


def filters(weight: Array, layer: LearntGeometry) -> Array:
    """The same of any operator's backward pass: a view."""
    size = weight.itemsize
    strides = (*(size * step for step in layer.steps), size)
    return np.lib.stride_tricks.as_strided(weight.reshape(-1)[layer.first :], layer.taps, strides)


def weighted_sums(source: Array, weight: Array, layer: LayerGeometry) -> Array:
    """The outputs, without bias."""
    out = np.zeros(layer.target, source.dtype)
    first = channel_inputs(layer)
    for place, taps in pixels(layer):
        for (ky, kx, row, column), i in product(taps, range(layer.taps[3])):
            out[place] += source[place[0], row, column, first + i] * weight[:, ky, kx, i]
    return out


def input_error(error: Array, weight: Array, layer: LayerGeometry) -> Array:
    """The error of the inputs."""
    out = np.zeros(layer.source, error.dtype)
    first, depth = channel_inputs(layer), layer.taps[3]
    for place, taps in pixels(layer):
        for c, (ky, kx, row, column) in product(range(layer.taps[0]), taps):
            group = slice(first[c], first[c] + depth)
            out[place[0], row, column, group] += error[place][c] * weight[c, ky, kx]
    return out


def weight_gradient(source: Array, error: Array, layer: LayerGeometry) -> Array:
    """By weights, (channel, row, column, input)."""
    found = np.zeros(layer.taps, error.dtype)
    read = channel_inputs(layer)[:, None] + np.arange(layer.taps[3])
    for place, taps in pixels(layer):
        for ky, kx, row, column in taps:
            found[:, ky, kx] += error[place][:, None] * source[place[0], row, column][read]
    return found


def bias_gradient(error: Array, layer: LayerGeometry) -> Array:
    """By biases."""
    found = np.zeros(layer.target[3], error.dtype)
    for place, _ in pixels(layer):
        found += error[place]
    return found
