"""Shape and cost of each operator, from its inputs alone."""

from __future__ import annotations

from math import prod

from tinyssl.graph.model import Model
from tinyssl.ops.operators import (
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Op,
    Pad,
    Padding,
    Pool2D,
    Reshape,
)

Shape = tuple[int, ...]


def window_output(length: int, pad: int, extent: int, stride: int) -> int:
    """Places of a window of `extent` on `length + pad` elements."""
    return (length + pad - extent) // stride + 1


def _spatial(
    shape: Shape, padding: Padding, window: tuple[int, int], stride: tuple[int, int]
) -> Shape:
    return (
        window_output(shape[1], padding.top + padding.bottom, window[0], stride[0]),
        window_output(shape[2], padding.left + padding.right, window[1], stride[1]),
    )


def output_shape(model: Model, op: Op) -> Shape:
    """Shape that the output must have. RESHAPE gives that of its output tensor.

    Inputs must have the ranks that `graph.verify` asks for.
    """
    shape = model.tensor(op.inputs[0]).shape
    if isinstance(op, Conv2D | DepthwiseConv2D):
        return _conv_shape(model, op)
    if isinstance(op, Pool2D):
        return (shape[0], *_spatial(shape, op.padding, op.size, op.stride), shape[3])
    if isinstance(op, Pad):
        return (shape[0], *_spatial(shape, op.padding, (1, 1), (1, 1)), shape[3])
    if isinstance(op, Mean):
        return (shape[0], 1, 1, shape[3]) if op.keep_dims else (shape[0], shape[3])
    if isinstance(op, FullyConnected):
        channels = model.tensor(op.weight).shape[0]
        return (*shape[:-1], channels) if op.keep_num_dims else (1, channels)
    return model.tensor(op.output).shape if isinstance(op, Reshape) else shape  # ADD, SOFTMAX


def _conv_shape(model: Model, op: Conv2D | DepthwiseConv2D) -> Shape:
    shape, weight = model.tensor(op.input).shape, model.tensor(op.weight).shape
    window = ((weight[1] - 1) * op.dilation[0] + 1, (weight[2] - 1) * op.dilation[1] + 1)
    channels = weight[0] if isinstance(op, Conv2D) else weight[3]
    return (shape[0], *_spatial(shape, op.padding, window, op.stride), channels)


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates of one inference; 0 for operators that only move or compare.

    Places on the padding count, as is the custom in published figures.
    """
    if isinstance(op, Conv2D | FullyConnected):
        weight = model.tensor(op.weight).shape
        return model.tensor(op.output).elements * prod(weight[1:])
    if isinstance(op, DepthwiseConv2D):
        weight = model.tensor(op.weight).shape
        return model.tensor(op.output).elements * weight[1] * weight[2]
    return 0
