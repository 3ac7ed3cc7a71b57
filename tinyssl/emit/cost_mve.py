"""Instructions of the MVE kernels, roughly: to choose between ways to compute the same.

Fitted to the steps of the models of docs/engines.md on the Cortex-M55.
"""

from __future__ import annotations

from tinyssl.emit.fused import Block
from tinyssl.ir.model import Model
from tinyssl.ir.ops import Conv2D, DepthwiseConv2D, Op

LANES = 16
QUAD = 4

PASS = 4.5
"""Product of a pixel with four channels, 16 inputs each"""
QUAD_OUTPUTS = 26.0
"""Four outputs of a pixel, from the loop's start to their bytes"""
SHALLOW_QUAD = 17.0
"""The same of at most 16 inputs: the product too"""
DEPTHWISE_BLOCK = 130.0
"""16 channels of a depthwise output"""
DEPTHWISE_PIXEL = 80.0
"""Its taps"""
ADDED = 6.0
"""An element of ADD"""
ROW = 150.0
"""Row of a block: calls of its parts"""


def op_cost(model: Model, op: Op) -> float:
    """An operator by itself, where a block could hold it; of others any figure will do."""
    channels = model.tensor(op.output).shape[-1]
    pixels = model.tensor(op.output).elements // channels
    if isinstance(op, Conv2D):
        depth = model.tensor(op.weight).elements // channels
        quads = pixels * -(-channels // QUAD)
        if depth <= LANES:
            return SHALLOW_QUAD * quads
        return quads * (QUAD_OUTPUTS + PASS * -(-depth // LANES))
    if isinstance(op, DepthwiseConv2D):
        return pixels * (DEPTHWISE_PIXEL + DEPTHWISE_BLOCK * -(-channels // LANES))
    return ADDED * model.tensor(op.output).elements


def block_cost(model: Model, block: Block) -> float:
    """A block in one call: its operators, and what each row takes."""
    parts = (block.expand, block.depthwise, block.project, block.add)
    rows = model.tensor(block.output).shape[1]
    return sum(op_cost(model, op) for op in parts if op is not None) + ROW * rows
