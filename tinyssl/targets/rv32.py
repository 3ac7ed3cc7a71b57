"""Parameters of the blocked C kernels for RV32IM, which has a 32-bit multiplier and no vectors.

They hold for an operator only where `requantise.requantise_fits` proves it; all other operators get
the reference kernel.
"""

from __future__ import annotations

from tinyssl.graph.model import Model
from tinyssl.ops.fixed_point import activation_range
from tinyssl.ops.operators import Conv2D, DepthwiseConv2D, FullyConnected, Op
from tinyssl.ops.params import Array, Constants, Fields
from tinyssl.targets import mve
from tinyssl.targets.requantise import channel_table, channels, requantise_fits


def _layer(model: Model, position: int, constants: Constants, sizes: Fields) -> Fields:
    """Weights in rows, channel table, the layer's sizes, zero point and clamp."""
    op = model.ops[position]
    if not isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        raise TypeError(op.label)
    rows = channels(model, op).rows
    name = mve.weights_name("rows", model, position)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "weight": constants.keep(
            Array(name, "int8_t", rows.ravel(), rows.shape, model.tensor(op.weight).name)
        ),
        "channel": channel_table(model, position, constants),
        **sizes,
        "out_zero": model.quant(op.output).zero_point[0],
        "out_min": low,
        "out_max": high,
    }


def _product(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Conv2D | FullyConnected):
        raise TypeError(op.label)
    count, depth = channels(model, op).rows.shape
    fields = _layer(model, position, constants, {"depth": depth, "out_c": count})
    return {f"product.{key}": value for key, value in fields.items()}


def conv_fits(model: Model, op: Op) -> bool:
    """A convolution without dilation, in range."""
    return mve.conv_fits(model, op)


def conv_scratch(model: Model, op: Op) -> int:
    """Two windows."""
    return mve.conv_scratch(model, op)


def conv(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d_rv32`."""
    op = model.ops[position]
    if not isinstance(op, Conv2D):
        raise TypeError(op.label)
    return {**_product(model, position, constants), **mve.window(model, op)}


def dense_fits(model: Model, op: Op) -> bool:
    """A fully connected layer, in range."""
    return mve.dense_fits(model, op)


def dense(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected_rv32`."""
    return _product(model, position, constants)


def depthwise_fits(model: Model, op: Op) -> bool:
    """3x3 taps, no dilation, one output for each input channel, in range."""
    return (
        isinstance(op, DepthwiseConv2D)
        and model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.dilation == (1, 1)
        and op.multiplier == 1
        and requantise_fits(model, op)
    )


def depthwise_scratch(model: Model, op: Op) -> int:
    """A pixel of padding."""
    return mve.depthwise_scratch(model, op)


def depthwise(model: Model, position: int, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_rv32`."""
    op = model.ops[position]
    if not isinstance(op, DepthwiseConv2D):
        raise TypeError(op.label)
    return _layer(model, position, constants, mve.image(model, op))
