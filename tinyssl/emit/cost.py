"""Instructions of the Armv7E-M kernels, roughly: to choose between ways to compute the same.

First estimates, of the kernels of two pixels and two channels; not yet fitted to those of now
(docs/engines.md has what these take).
"""

from __future__ import annotations

from tinyssl.emit.fused import Block
from tinyssl.ir.model import Model
from tinyssl.ir.ops import Conv2D, DepthwiseConv2D, Op

MAC = 0.94
"""Of a product of two channels and two pixels"""
OUTPUT = 9.0
"""Of the same, to requantise and store"""
WIDENED = 1.5
"""An input of the product, int8 to int16"""
GATHERED = 3.0
"""An input of the depthwise, int8 NHWC to an int16 row"""
SUMMED = 18.0
"""An output of the depthwise"""
FILTER = 60.0
"""Taps and tables of a depthwise channel into registers, and its loops"""
LINE = 40.0
"""Call of a line"""
ADDED = 6.0
"""An element of ADD"""
CALL = 50.0
"""A step"""


def op_cost(model: Model, op: Op) -> float:
    """An operator by itself, where a block could hold it; of others any figure will do."""
    outputs = model.tensor(op.output).elements
    inputs = model.tensor(op.inputs[0]).elements
    if isinstance(op, Conv2D):
        return CALL + _product(model, op) + WIDENED * inputs
    if isinstance(op, DepthwiseConv2D):
        channels = model.tensor(op.output).shape[3]
        return CALL + GATHERED * inputs + SUMMED * outputs + FILTER * channels
    return CALL + ADDED * outputs


def block_cost(model: Model, block: Block, keeps: bool) -> float:
    """A block in one call; `keeps`: taps are prepared once, not for each row."""
    source, target = model.tensor(block.input), model.tensor(block.depthwise.output)
    _, rows, _, channels = target.shape
    cost = WIDENED * source.elements + SUMMED * target.elements + LINE * channels * rows
    cost += FILTER * channels * (1 if keeps else rows)
    cost += CALL + _product(model, block.project)
    if block.expand is not None:
        cost += _product(model, block.expand)
    return cost + (ADDED * model.tensor(block.output).elements if block.add else 0.0)


def _product(model: Model, op: Conv2D) -> float:
    depth = model.tensor(op.weight).elements // model.tensor(op.weight).shape[0]
    outputs = model.tensor(op.output).elements
    return outputs * (MAC * depth + OUTPUT)
