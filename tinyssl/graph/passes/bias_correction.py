"""Bias correction: what rounded weights add to the mean of a channel is taken off its bias.

Data-Free Quantization Through Weight Equalization and Bias Correction (Nagel et al., 2019, section
4.2), with means that are measured: E[W' x] - E[W x] = (W' - W) E[x].
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_weights import ChannelStatistics, Weights, constant, with_constants
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected

WEIGHT_MAX = 127
"""Largest code of a weight: they are symmetric, with a scale a channel"""


def rounded(weights: Weights, axis: int) -> Weights:
    """What int8 codes with a scale for each channel of `axis` stand for."""
    others = tuple(each for each in range(weights.ndim) if each != axis)
    scale = np.abs(weights).max(axis=others, keepdims=True) / WEIGHT_MAX
    scale[scale == 0] = 1
    nearest: Weights = np.rint(weights / scale) * scale
    return nearest


def correct_biases(model: Model, statistics: Mapping[int, ChannelStatistics]) -> tuple[Model, int]:
    """The graph whose INT8 form has the float form's means, and how many layers it changed.

    Layers without a bias stay as they are.

    Args:
        model: Float graph.
        statistics: Of its activations.
    """
    values: dict[int, Weights] = {}
    for op in model.ops:
        if isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected) and op.bias is not None:
            shift = _shift(model, op, statistics[op.input].mean)
            if shift is not None:
                values[op.bias] = values.get(op.bias, constant(model, op.bias)) - shift
    return with_constants(model, values), len(values)


def _shift(model: Model, op: WeightedOp, mean: Weights) -> Weights | None:
    """By how much rounding moves the mean of each output channel; None where it cannot be told."""
    weights = constant(model, op.weight)
    error = rounded(weights, op.channel_axis) - weights
    if isinstance(op, DepthwiseConv2D):
        moved: Weights = error.sum(axis=(0, 1, 2)) * np.repeat(mean, op.multiplier)
        return moved
    if weights.shape[-1] != len(mean):  # groups, or rows that are not the last axis
        return None
    shift: Weights = (error * mean).reshape(len(weights), -1).sum(axis=1)
    return shift
