"""An INT8 model whose last layers are to learn on the device in INT8."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.passes.activations import fuse_activations
from tinyssl.graph.passes.dilations import fuse_dilations, split_borders
from tinyssl.graph.passes.pads import fold_pads
from tinyssl.ops.common.weights import WeightedOp

PASSES = (fuse_dilations, split_borders, fold_pads, fuse_activations)
"""What would stand in the way of the backward pass goes into the layers"""


def int8_tail(model: Model, start: int) -> Model:
    """The model with a bias, of zeros where it had none, in all layers from a position on.

    Args:
        model: A verified model.
        start: Position of the first layer that learns.
    """
    values, ops = list(model.tensors), list(model.ops)
    for at in range(start, len(ops)):
        op = ops[at]
        if isinstance(op, WeightedOp) and op.bias is None and _is_int8(model, op):
            values.append(_zero_bias(model, op))
            ops[at] = replace(op, bias=len(values) - 1)
    return replace(model, tensors=tuple(values), ops=tuple(ops))


def joined(model: Model) -> Model:
    """The model with borders and activations as parts of its layers; the bytes stay the same."""
    for run in PASSES:
        model = run(model)
    return model


def float_layers(model: Model) -> list[str]:
    """Layers with weights that are not INT8."""
    layers = (op for op in model.ops if isinstance(op, WeightedOp))
    return [op.label for op in layers if not _is_int8(model, op)]


def _is_int8(model: Model, op: WeightedOp) -> bool:
    return model.tensor(op.input).dtype is DType.INT8


def _zero_bias(model: Model, op: WeightedOp) -> Value:
    scale = model.quant(op.input).scale[0]
    scales = tuple(float(np.float32(scale * each)) for each in model.quant(op.weight).scale)
    zeros = np.zeros(model.tensor(op.weight).shape[op.channel_axis], np.int32)
    quant = Quant(scales, (0,) * len(scales))
    return Value("bias", zeros.shape, DType.INT32, quant, zeros.tobytes())
