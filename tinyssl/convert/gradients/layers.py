"""Operators with weights, and windows over images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.convert.gradients.forward import (
    Builder,
    Forward,
    activated,
    channels_first,
    channels_last,
    padded,
)
from tinyssl.graph.model import Model
from tinyssl.ops.common.window import NO_PADDING, same_padding


def _convolution(_model: Model, op: Any) -> Forward:
    depthwise = op.channel_axis == 3

    def forward(images: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
        filters = weights.permute(3, 0, 1, 2) if depthwise else channels_first(weights)
        source = padded(channels_first(images), op.padding.numbers)
        groups = source.shape[1] // filters.shape[1]
        found = F.conv2d(source, filters, bias, op.stride, 0, op.dilation, groups)
        return activated(op.activation, channels_last(found))

    return forward


def _transposed(model: Model, op: Any) -> Forward:
    """TRANSPOSE_CONV: what lies outside the output is cut off."""
    _, height, width, _ = model.tensor(op.output).shape
    _, *taps, _ = model.tensor(op.weight).shape
    cut = same_padding((height, width), (taps[0], taps[1]), op.stride) if op.same else NO_PADDING

    def forward(images: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
        filters = weights.permute(3, 0, 1, 2)
        whole = F.conv_transpose2d(channels_first(images), filters, stride=op.stride)
        below, right = height + cut.top - whole.shape[2], width + cut.left - whole.shape[3]
        found = channels_last(padded(whole, (-cut.top, below, -cut.left, right)))
        return activated(op.activation, found if bias is None else found + bias)

    return forward


def _dense(_model: Model, op: Any) -> Forward:
    def forward(values: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
        rows = values.reshape(-1, weights.shape[1])
        return activated(op.activation, F.linear(rows, weights, bias))

    return forward


def _product(model: Model, op: Any) -> Forward:
    """BATCH_MATMUL, and FULLY_CONNECTED of computed weights."""
    if op.dense:
        return _dense(model, op)

    def forward(left: Tensor, right: Tensor) -> Tensor:
        first = left.transpose(-1, -2) if op.adjoint_left else left
        return first @ (right.transpose(-1, -2) if op.adjoint_right else right)

    return forward


def _largest(_model: Model, op: Any) -> Forward:
    def forward(images: Tensor) -> Tensor:
        source = padded(channels_first(images), op.padding.numbers, -torch.inf)
        return activated(op.activation, channels_last(F.max_pool2d(source, op.size, op.stride)))

    return forward


def _average(before: Callable[[Tensor], Tensor], after: Callable[[Tensor], Tensor]) -> Builder:
    """A mean over the places of a window that are not padding."""

    def build(_model: Model, op: Any) -> Forward:
        def means(images: Tensor) -> Tensor:
            return F.avg_pool2d(padded(images, op.padding.numbers), op.size, op.stride)

        def forward(images: Tensor) -> Tensor:
            source = before(channels_first(images))
            found = after(means(source) / means(torch.ones_like(source)))
            return activated(op.activation, channels_last(found))

        return forward

    return build


def _bilinear(_model: Model, op: Any) -> Forward:
    """RESIZE_BILINEAR: along one axis after the other."""

    def forward(images: Tensor) -> Tensor:
        for axis, count in zip((1, 2), op.size, strict=True):
            images = _interpolated(images, axis, count, op)
        return images

    return forward


def _interpolated(images: Tensor, axis: int, count: int, op: Any) -> Tensor:
    length = images.shape[axis]
    corners = op.align_corners and count > 1
    scale = (length - 1) / (count - 1) if corners else length / count
    shift = 0.5 if op.half_pixel_centers else 0.0
    places = ((torch.arange(count) + shift) * scale - shift).clamp(0, length - 1)
    first = places.floor().long()
    second = (first + 1).clamp(max=length - 1)
    share = (places - first).reshape(-1, *[1] * (images.ndim - 1 - axis))
    before, behind = (images.index_select(axis, each) for each in (first, second))
    return before + (behind - before) * share


LAYERS: dict[str, Builder] = {
    "AVERAGE_POOL_2D": _average(lambda x: x, lambda x: x),
    "BATCH_MATMUL": _product,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "L2_POOL_2D": _average(torch.square, torch.sqrt),
    "MAX_POOL_2D": _largest,
    "RESIZE_BILINEAR": _bilinear,
    "TRANSPOSE_CONV": _transposed,
}
