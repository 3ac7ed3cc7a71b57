"""A small float model whose channels have very different sizes, made without any framework."""

from dataclasses import replace

import numpy as np

from tinyssl.convert.float_graph import read_float, write_float
from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean

SHAPES = {
    0: (1, 6, 6, 3), 1: (1, 6, 6, 4), 2: (1, 6, 6, 4), 3: (1, 6, 6, 5), 4: (1, 5), 5: (1, 3),
    10: (4, 1, 1, 3), 11: (4,), 12: (1, 3, 3, 4), 13: (4,), 14: (5, 1, 1, 4), 15: (5,),
    16: (3, 5), 17: (3,),
}  # fmt: skip
SAME = Padding(1, 1, 1, 1)


def float_network(activation: Activation = Activation.RELU) -> Model:
    """Pointwise, depthwise, pointwise, MEAN and dense layer; channels of very different sizes."""
    rng = np.random.default_rng(0)
    data = {index: rng.normal(size=SHAPES[index]) for index in SHAPES if index >= 10}
    data[11] = 0.01 * np.abs(data[11])
    data[10] = np.abs(data[10]) * np.array([0.02, 1, 5, 0.3])[:, None, None, None]
    data[12] *= np.array([1, 0.05, 1, 4])
    data[17] += np.array([28.06, -7.55, 9.13])  # noise gets each of the three classes
    order = list(SHAPES)
    place = {index: at for at, index in enumerate(order)}
    tensors = tuple(
        Value(
            f"v{index}", SHAPES[index], DType.FLOAT32,
            data=data[index].astype(np.float32).tobytes() if index in data else None,
        )
        for index in order
    )  # fmt: skip

    def layer(kind, index, weight, **given):
        ends = {"input": index, "output": index + 1}
        values = {"weight": place[weight], "bias": place[weight + 1]}
        return kind(index=index, activation=activation, **ends, **values, **given)

    ops = (
        layer(Conv2D, 0, 10),
        layer(DepthwiseConv2D, 1, 12, padding=SAME),
        layer(Conv2D, 2, 14),
        Mean(index=3, input=3, output=4),
        replace(layer(FullyConnected, 4, 16), activation=Activation.NONE),
    )
    return read_float(write_float(Model("net", tensors, ops, (0,), (5,))))
