"""Instructions of the MVE kernels, roughly: to choose between ways to compute the same.

Least squares of the calls of all models of docs/engines.json on the Cortex-M55: 61 depthwise layers
within 1.2 %, 94 pointwise ones within 11 %, half of them within 1 %, 33 additions within 2 %,
10 other convolutions within 4 %.
"""

from __future__ import annotations

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets.fused import FusedBlock
from tinyssl.targets.mve import BLOCK, QUAD
from tinyssl.targets.requantise import clamp, is_plain, needs_sign

PASS = 9.2
"""A pixel, four channels, 16 inputs"""
QUAD_OUTPUTS = 28.0
"""Four outputs of a pixel, besides"""
PIXEL = 33.0
"""A pixel, besides"""
GATHERED = 42.0
"""A row of taps of a window"""
SHALLOW = 16.0
"""Four outputs of 16 inputs, whose weights stay in registers"""
PREDICATED = 3.0
"""More where there are fewer inputs"""
SIGNED = 16.0
"""More where the sign or a clamp takes registers"""
WEIGHTS = 40.0
"""Weights of four channels into registers, for each line"""
DEPTHWISE_BLOCK = 128.7
"""16 channels of a depthwise output"""
DEPTHWISE_PIXEL = 48.8
"""A pixel of it, besides"""
DEPTHWISE_ROW = 280.0
"""A row of it, besides"""
ADDED = 9.5
"""An element of ADD"""
ROW = 150.0
"""Row of a block: calls of its parts"""


def op_cost(model: Model, op: Op, lines: int = 1) -> float:
    """An operator where a block could hold it; of others any figure will do.

    Args:
        model: The model.
        op: One of its operators.
        lines: Lines in which a pointwise convolution is computed.
    """
    _, rows, columns, channels = (1, 1, 1, 1, *model.tensor(op.outputs[0]).shape)[-4:]
    pixels, quads = rows * columns, -(-channels // QUAD)
    if isinstance(op, Conv2D):
        _, k_h, k_w, _ = model.tensor(op.weight).shape
        depth = model.tensor(op.weight).elements // channels
        if depth > BLOCK or k_h * k_w > 1 or not is_plain(model, op):
            gathered = GATHERED * k_h if k_h * k_w > 1 else 0.0
            each = quads * (PASS * -(-depth // BLOCK) + QUAD_OUTPUTS)
            return pixels * (each + PIXEL + gathered)
        plain = not needs_sign(model, op) and clamp(model, op) == (INT8_MIN, INT8_MAX)
        each = SHALLOW + PREDICATED * (depth < BLOCK) + SIGNED * (not plain)
        return quads * (each * pixels + WEIGHTS * lines)
    if isinstance(op, DepthwiseConv2D):
        blocks = -(-channels // BLOCK)
        return pixels * (DEPTHWISE_BLOCK * blocks + DEPTHWISE_PIXEL) + DEPTHWISE_ROW * rows
    return ADDED * pixels * channels


def block_cost(model: Model, block: FusedBlock) -> float:
    """A block in one call: its operators row by row."""
    parts = (block.before, block.depthwise, block.project, block.add)
    rows = model.tensor(block.output).shape[1]
    ops = [op for op in parts if op is not None]
    costs = [op_cost(model, op, model.tensor(op.output).shape[1]) for op in ops]
    return sum(costs) + ROW * len(ops) * rows
