"""Small float32 networks that learn, as graphs in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.passes.new_classes import with_classes
from tinyssl.graph.training import Loss, Training, add_training
from tinyssl.ops import OPS
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.gradient import Sgd
from tinyssl.ops.common.window import Padding
from tinyssl.ops.strided_slice import AxisSlice


class Builder(LayerStack):
    """A chain with operators that only tests join, and random biases of convolutions."""

    def first_biases(self, count: int) -> NDArray[np.float64]:
        return self.random.normal(size=count) / 10

    def depthwise(self, multiplier: int, side: int, *, dilation: int = 1) -> None:
        """A filter on each channel, with padding, stride 2 and RELU6; no bias."""
        count = self.values[self.last].shape[3] * multiplier
        weight = self.weight((1, side, side, count), side * side)
        more = {"multiplier": multiplier, "dilation": (dilation, dilation), "bias": None}
        reach = (side - 1) * dilation + 1
        self.convolution("DEPTHWISE_CONV_2D", weight, count, reach, Activation.RELU6, **more)

    def upsample(self, count: int, side: int) -> None:
        """A transposed convolution with stride 2."""
        _, height, width, depth = self.values[self.last].shape
        weight = self.weight((count, side, side, depth), side * side * depth)
        bias = self.constant(f"b{len(self.ops)}", self.first_biases(count))
        shape = (1, 2 * height, 2 * width, count)
        self.layer("TRANSPOSE_CONV", weight, shape, bias=bias, stride=(2, 2), same=True)

    def parts(self, kind: str, shape: tuple[int, ...], count: int, **more: Any) -> tuple[int, ...]:
        """The parts into which an operator cuts its input; `last` is the first."""
        parts = tuple(self._value(f"y{len(self.ops)}_{at}", shape) for at in range(count))
        made = OPS[kind].op(index=len(self.ops), input=self.last, parts=parts, **more)
        self.ops.append(made)
        self.last = parts[0]
        return parts

    def with_number(self, kind: str, number: float) -> None:
        """An operator whose right side is one number."""
        value = self.constant(f"c{len(self.ops)}", np.array([number]))
        self.operator(kind, self.values[self.last].shape, left=self.last, right=value)

    def pool(self, kind: str, **more: Any) -> None:
        """A pooling of 3x3 with padding all around and stride 2: windows overlap."""
        batch, height, width, depth = self.values[self.last].shape
        shape = (batch, (height + 1) // 2, (width + 1) // 2, depth)
        more |= {"size": (3, 3), "stride": (2, 2), "padding": Padding(1, 1, 1, 1)}
        self.operator(kind, shape, input=self.last, **more)

    def factors(self) -> None:
        """The product with a constant for each channel."""
        value = self.values[self.last]
        constant = self.constant("factors", self.random.normal(size=value.shape[-1:]))
        self.operator("MUL", value.shape, left=self.last, right=constant)

    def add(self, left: int, right: int) -> None:
        """The sum of two values of one shape."""
        self.operator("ADD", self.values[left].shape, left=left, right=right)

    def trained(
        self, loss: Loss, rate: float = 0.01, *, autoencoder: bool = False, **settings: Any
    ) -> Model:
        """The chain with a training step of all its layers."""
        clip = settings.pop("error_clip", float("inf"))
        normalise = settings.pop("normalise", False)
        sgd = Sgd(**settings)
        training = Training(
            tuple(self.parameters), loss, rate, sgd, clip, autoencoder, normalise=normalise
        )
        return add_training(self.model(), training)


def sine(seed: int = 0) -> Builder:
    """1-32-32-1 with tanh: the regressor of the specification (b)."""
    graph = Builder((1, 1), seed)
    for _ in range(2):
        graph.dense(32)
        graph.function("TANH")
    graph.dense(1, gain=0.5)
    return graph


def classifier(seed: int = 0) -> Builder:
    """Two convolutions, a residual sum, a logistic layer, five classes."""
    graph = Builder((1, 9, 8, 2), seed)
    graph.conv(4, 3, Activation.RELU6)
    graph.conv(6, 3)
    graph.reshape(1, 36)
    first = graph.last
    graph.dense(36, Activation.RELU)
    graph.add(first, graph.last)
    graph.function("LOGISTIC")
    graph.dense(5)
    return graph


def growing(**settings: Any) -> Model:
    """`classifier` with two more classes that are free, and a training step of its last layer."""
    graph = classifier()
    weight, bias = graph.parameters[-2:]
    model = with_classes(graph.model(), 7)
    return add_training(
        model, Training((weight, bias), rate=0.05, sgd=Sgd(**settings), growing=bias)
    )


def mobile(seed: int = 0) -> Builder:
    """Grouped, depthwise and transposed convolutions."""
    graph = Builder((1, 9, 8, 2), seed)
    graph.conv(10, 3, Activation.RELU6, groups=2)
    graph.depthwise(1, 3, dilation=2)
    graph.upsample(3, 3)
    graph.depthwise(2, 3)
    graph.reshape(1, 36)
    graph.dense(5)
    return graph


def varied(seed: int = 0) -> Builder:
    """Poolings, parts side by side, and functions of one and of two values."""
    graph = Builder((1, 9, 8, 2), seed)
    graph.conv(4, 3, Activation.NONE)
    graph.function("LEAKY_RELU", alpha=0.25)
    first = graph.last
    graph.pool("MAX_POOL_2D")
    largest, graph.last = graph.last, first
    graph.pool("AVERAGE_POOL_2D", activation=Activation.RELU)
    graph.operator("CONCATENATION", (1, 3, 2, 8), parts=(largest, graph.last), axis=3)
    graph.operator("PAD", (1, 4, 3, 8), input=graph.last, amounts=((0, 0), (1, 0), (0, 1), (0, 0)))
    graph.factors()
    graph.function("HARD_SWISH")
    graph.operator("MEAN", (1, 8), input=graph.last, axes=(1, 2), keep_dims=False)
    mean = graph.last
    graph.dense(8)
    graph.function("RELU")
    graph.operator("SUB", (1, 8), left=graph.last, right=mean)
    graph.operator("MUL", (1, 8), left=graph.last, right=mean)
    graph.function("RELU6")
    graph.add(graph.last, mean)
    graph.dense(5)
    graph.function("SOFTMAX")
    return graph


def moving(seed: int = 0) -> Builder:
    """Everything that only moves elements: cut, turned, repeated, put side by side."""
    graph = Builder((1, 9, 8, 2), seed)
    graph.conv(4, 3, Activation.NONE)  # 5x4
    graph.operator("TRANSPOSE", (1, 4, 5, 4), input=graph.last, order=(0, 2, 1, 3))
    graph.operator(
        "PADV2", (1, 4, 6, 4), input=graph.last, amounts=((0, 0), (0, 0), (1, 0), (0, 0)), value=0.5
    )
    graph.operator("SPACE_TO_DEPTH", (1, 2, 3, 16), input=graph.last, block=2)
    graph.operator("REVERSE_V2", (1, 2, 3, 16), input=graph.last, axes=(1, 2))
    graph.operator("DEPTH_TO_SPACE", (1, 4, 6, 4), input=graph.last, block=2)
    first = graph.last
    graph.operator("SLICE", (1, 3, 4, 4), input=first, begin=(0, 1, 1, 0), size=(1, 3, 4, 4))
    backwards = AxisSlice(2, 2, -2, dropped=False), AxisSlice(1, 2, 2, dropped=False)
    axes = (AxisSlice(0, 1, 1, dropped=True), *backwards, AxisSlice(0, 4, 1, dropped=False))
    graph.operator("STRIDED_SLICE", (2, 2, 4), input=graph.last, axes=axes)
    left, right = graph.parts("SPLIT", (2, 2, 2), 2, axis=2)
    graph.operator("PACK", (2, 2, 2, 2), parts=(right, left), axis=1)
    graph.parts("UNPACK", (2, 2, 2), 2, axis=3)
    graph.operator("TILE", (2, 4, 2), input=graph.last, times=(1, 2, 1))
    graph.reshape(1, 16)
    graph.dense(3)
    row = graph.last
    graph.reshape(3, 1)
    graph.operator("BROADCAST_TO", (3, 3), input=graph.last, shape=(3, 3))
    graph.operator("MUL", (3, 3), left=row, right=graph.last)
    graph.operator("SUB", (3, 3), left=graph.last, right=row)
    graph.operator("ADD", (3, 3), left=row, right=graph.last)
    graph.reshape(1, 9)
    graph.dense(5)
    return graph


def normalised(seed: int = 0) -> Builder:
    """A layer norm of single operators, quotients, and what chooses the larger number."""
    graph = Builder((1, 9, 8, 2), seed)
    graph.conv(4, 3, Activation.NONE)
    graph.reshape(1, 20, 4)
    x = graph.last
    graph.operator("SUM", (1, 20, 1), input=x, axes=(2,), keep_dims=True)
    graph.operator("SQUARED_DIFFERENCE", (1, 20, 4), left=graph.last, right=x)
    graph.operator("MEAN", (1, 20, 1), input=graph.last, axes=(2,), keep_dims=True)
    spread = graph.last
    graph.function("RSQRT")
    graph.operator("MUL", (1, 20, 4), left=x, right=graph.last)
    scaled = graph.last
    graph.function("ABS")
    graph.operator("MAXIMUM", (1, 20, 4), left=graph.last, right=x)
    largest = graph.last
    graph.with_number("MINIMUM", 0.4)
    graph.operator("DIV", (1, 20, 4), left=scaled, right=graph.last)
    graph.last, ratio = spread, graph.last
    graph.function("SQRT")
    graph.operator("DIV", (1, 20, 4), left=ratio, right=graph.last)
    graph.add(graph.last, largest)
    graph.operator("SUM", (20,), input=graph.last, axes=(0, 2))
    graph.function("SQUARE")
    graph.factors()
    graph.with_number("MUL", 0.02)
    graph.reshape(1, 20)
    graph.dense(5)
    return graph


def sensors(seed: int = 0) -> Builder:
    """6-8-2 with tanh, of readings as they are."""
    graph = Builder((1, 6), seed)
    graph.dense(8)
    graph.function("TANH")
    graph.dense(2)
    return graph


def autoencoder(seed: int = 0) -> Builder:
    """8-3-8."""
    graph = Builder((1, 8), seed)
    graph.dense(3)
    graph.function("TANH")
    graph.dense(8)
    return graph
