"""How an operator is computed in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import REAL_RANGES, Activation

Forward = Callable[..., Tensor | tuple[Tensor, ...]]
"""Inputs as `Op.inputs` lists them, of the graph's own shapes, to the outputs: their elements in
order, in any shape"""
Builder = Callable[[Model, Any], Forward]
"""Graph and operator to what computes it"""


def activated(activation: Activation, values: Tensor) -> Tensor:
    """After a fused activation."""
    low, high = REAL_RANGES[activation]
    return values if low is high else values.clamp(low, high).to(values.dtype)


def channels_first(images: Tensor) -> Tensor:
    """NHWC to NCHW."""
    return images.permute(0, 3, 1, 2)


def channels_last(images: Tensor) -> Tensor:
    """NCHW to NHWC."""
    return images.permute(0, 2, 3, 1)


def padded(images: Tensor, edges: tuple[int, int, int, int], value: float = 0.0) -> Tensor:
    """NCHW with more rows above and below, and columns to the left and right; below 0 fewer."""
    top, bottom, left, right = edges
    return F.pad(images, (left, right, top, bottom), value=value)
