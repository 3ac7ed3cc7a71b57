"""Cross-layer equalisation: channels of an activation that need one scale get one range.

Data-Free Quantization Through Weight Equalization and Bias Correction (Nagel et al., 2019, section
4.1), for weights with a scale a channel: dividing the filters of a channel by s and multiplying
what reads it by s computes the same, and costs the first layer's weights nothing. What it can win
is the range of the activation between them, so that is measured and takes the first weights' place
in equation 11. Where the reader is depthwise, its weights have a scale a channel too, and every
channel gets the same range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_weights import ChannelStatistics, Weights, constant, with_constants
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected

HOMOGENEOUS = (Activation.NONE, Activation.RELU)
"""f(s x) = s f(x) for s > 0; RELU6 is not"""
BETWEEN = ("RELU", "LEAKY_RELU", "PRELU", "PAD", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN")
"""Operators that keep a channel's factor"""
MOST = 64.0
"""Largest and, inverted, smallest factor"""


@dataclass(frozen=True)
class Pair:
    """Two layers with nothing but homogeneous operators between them."""

    first: WeightedOp
    second: WeightedOp
    seen: int
    """What the second layer reads"""


def find_pairs(model: Model) -> Iterator[Pair]:
    """All pairs of the graph, in order of the first layer."""
    for op in model.ops:
        if isinstance(op, WeightedOp) and _own(model, op):
            found = _reader(model, op.output)
            if found and _own(model, found[0]) and _fits(model, op, found[0]):
                yield Pair(op, *found)


def _own(model: Model, op: WeightedOp) -> bool:
    """Whether no other layer shares its constants."""
    constants = {op.weight, op.bias} - {None}
    uses = [index for each in model.ops for index in each.inputs if index in constants]
    return len(uses) == len(constants)


def _reader(model: Model, value: int) -> tuple[WeightedOp, int] | None:
    """The one layer that reads a value, through `BETWEEN`, and the value that it reads."""
    readers = [op for op in model.ops if value in op.inputs]
    if len(readers) != 1 or value in model.outputs:
        return None
    (op,) = readers
    if isinstance(op, WeightedOp):
        return op, value
    fused = op.activation if isinstance(op, Pool2D) else Activation.NONE
    if op.kind not in BETWEEN or fused not in HOMOGENEOUS:
        return None
    return _reader(model, op.outputs[0])


def _fits(model: Model, first: WeightedOp, second: WeightedOp) -> bool:
    channels = model.tensor(first.output).shape[-1]
    if first.activation not in HOMOGENEOUS or not isinstance(
        first, Conv2D | DepthwiseConv2D | FullyConnected
    ):
        return False
    weights = model.tensor(second.weight).shape
    if isinstance(second, DepthwiseConv2D):
        return second.multiplier == 1 and weights[3] == channels
    return isinstance(second, Conv2D | FullyConnected) and weights[-1] == channels


def equalise(model: Model, statistics: Mapping[int, ChannelStatistics]) -> tuple[Model, int]:
    """The same function with evener channels, and how many pairs of layers it changed.

    Args:
        model: Float graph.
        statistics: Of its activations.
    """
    values: dict[int, Weights] = {}

    def value(index: int) -> Weights:
        return values.get(index, constant(model, index))

    pairs = list(find_pairs(model))
    for pair in reversed(pairs):  # so that what reads a channel has its last factors already
        factors = _factors(pair, value(pair.second.weight), statistics[pair.seen].largest)
        first, second = pair.first, pair.second
        shape = [-1 if axis == first.channel_axis else 1 for axis in range(_rank(model, first))]
        values[first.weight] = value(first.weight) / factors.reshape(shape)
        if first.bias is not None:
            values[first.bias] = value(first.bias) / factors
        values[second.weight] = value(second.weight) * factors
    return with_constants(model, values), len(pairs)


def _rank(model: Model, op: WeightedOp) -> int:
    return len(model.tensor(op.weight).shape)


def _factors(pair: Pair, weights: Weights, activation: Weights) -> Weights:
    """By what each channel between the two layers is divided; 1 for one that is always 0."""
    alive = activation > 0
    if isinstance(pair.second, DepthwiseConv2D):
        factors = activation
    else:
        read = np.abs(weights).reshape(-1, weights.shape[-1]).max(axis=0)
        alive &= read > 0
        factors = np.sqrt(activation / np.where(read > 0, read, 1))
    if not alive.any():
        return np.ones_like(activation)
    middle = np.exp(np.log(factors[alive]).mean())
    return np.where(alive, np.clip(factors / middle, 1 / MOST, MOST), 1.0)
