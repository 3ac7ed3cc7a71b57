"""Small INT8 networks that learn in INT8, as graphs in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.training import Loss, Training, add_training
from tinyssl.ops import OPS
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import NO_PADDING, Padding

IN_QUANT = Quant((1 / 32,), (3,))
WEIGHT_SPREAD = 45
"""Standard deviation of weights, in quantisation steps: activations have about that of what they
are made of"""


@dataclass
class QuantisedBuilder:
    """A chain of INT8 layers over one input; scales differ from channel to channel."""

    shape: tuple[int, ...]
    seed: int = 0
    values: list[Value] = field(default_factory=list)
    ops: list[Any] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self.last = self._value("x", self.shape, IN_QUANT)

    def dense(self, count: int, activation: Activation = Activation.NONE) -> None:
        """A fully connected layer with one scale for all its weights."""
        inputs = int(np.prod(self.values[self.last].shape))
        quant = self._layer_quant(1, 0)
        self._layer("FULLY_CONNECTED", (count, inputs), quant, inputs, (1, count), activation)

    def conv(
        self, count: int, side: int, activation: Activation = Activation.RELU, *, groups: int = 1
    ) -> None:
        """A convolution with padding all around and stride 2; a pointwise one where side is 1."""
        depth = self.values[self.last].shape[3] // groups
        quant, terms = self._layer_quant(count, 0), side * side * depth
        shape, more = self._window(count, side, 1)
        weight = (count, side, side, depth)
        self._layer("CONV_2D", weight, quant, terms, shape, activation, **more)

    def depthwise(self, multiplier: int, side: int, *, dilation: int = 1) -> None:
        """A filter on each channel, with padding, stride 2 and RELU6."""
        count = self.values[self.last].shape[3] * multiplier
        shape, more = self._window(count, side, dilation)
        weight, quant = (1, side, side, count), self._layer_quant(count, 3)
        more |= {"multiplier": multiplier}
        kind = "DEPTHWISE_CONV_2D"
        self._layer(kind, weight, quant, side * side, shape, Activation.RELU6, **more)

    def pool(self, kind: str, size: int = 3) -> None:
        """A pooling with padding all around and stride 2: windows overlap."""
        batch, height, width, depth = self.values[self.last].shape
        shape = (batch, (height + 1) // 2, (width + 1) // 2, depth)
        more = {"size": (size, size), "stride": (2, 2), "padding": Padding(1, 1, 1, 1)}
        self.operator(kind, shape, input=self.last, **more)

    def operator(self, kind: str, shape: tuple[int, ...], **more: Any) -> None:
        """Any operator whose output has this shape, and the quantisation of what it reads."""
        quant = more.pop("quant", self.values[self.last].quant)
        output = self._value(f"y{len(self.ops)}", shape, quant)
        self.ops.append(OPS[kind].op(index=len(self.ops), output=output, **more))
        self.last = output

    def add(self, left: int, right: int) -> None:
        """The sum of two values of one shape."""
        scale = self._scale(left) + self._scale(right)
        shape = self.values[left].shape
        self.operator("ADD", shape, left=left, right=right, quant=Quant((scale,), (-5,)))

    def mean(self) -> None:
        """The mean of each channel."""
        shape = (1, self.values[self.last].shape[3])
        self.operator("MEAN", shape, input=self.last, axes=(1, 2), keep_dims=False)

    def model(self) -> Model:
        """The chain as it is."""
        return Model("learner", tuple(self.values), tuple(self.ops), (0,), (self.last,))

    def trained(self, rate: float, loss: Loss = Loss.CROSS_ENTROPY, *, aware: bool = True) -> Model:
        """The chain with a training step of all its layers."""
        training = Training(tuple(self.parameters), loss, rate, aware=aware)
        return add_training(self.model(), training)

    def _window(
        self, count: int, side: int, dilation: int
    ) -> tuple[tuple[int, ...], dict[str, Any]]:
        _, height, width, _ = self.values[self.last].shape
        reach = (side - 1) * dilation + 1
        pad, stride = reach // 2, 1 if side == 1 else 2
        sizes = tuple((n + 2 * pad - reach) // stride + 1 for n in (height, width))
        padding = Padding(pad, pad, pad, pad) if pad else NO_PADDING
        more = {"stride": (stride,) * 2, "dilation": (dilation,) * 2, "padding": padding}
        return (1, *sizes, count), more

    def _layer_quant(self, channels: int, axis: int) -> Quant:
        scales = self._random.uniform(0.002, 0.02, channels).astype(np.float32)
        return Quant(tuple(map(float, scales)), (0,) * channels, axis)

    def _layer(
        self,
        kind: str,
        shape: tuple[int, ...],
        quant: Quant,
        terms: int,
        out: tuple[int, ...],
        activation: Activation,
        **more: Any,
    ) -> None:
        random, source = self._random, self._scale(self.last)
        data = np.clip(random.normal(size=shape) * WEIGHT_SPREAD, -127, 127).astype(np.int8)
        weight = self._value(f"w{len(self.ops)}", shape, quant, DType.INT8, data.tobytes())
        scales = tuple(source * scale for scale in quant.scale)
        sizes = Quant(scales, (0,) * len(scales))
        first = random.normal(size=out[-1]) * 500
        bias = self._value(
            f"b{len(self.ops)}", out[-1:], sizes, DType.INT32, first.astype(np.int32).tobytes()
        )
        spread = float(np.mean(scales)) * np.sqrt(terms) * WEIGHT_SPREAD
        zero = -128 if activation in (Activation.RELU, Activation.RELU6) else 7
        target = Quant((float(np.float32(spread)),), (zero,))
        self.parameters += [weight, bias]
        given = {"input": self.last, "weight": weight, "bias": bias, "activation": activation}
        self.operator(kind, out, quant=target, **given, **more)

    def _scale(self, value: int) -> float:
        quant = self.values[value].quant
        assert quant is not None  # all are INT8
        return quant.scale[0]

    def _value(
        self,
        name: str,
        shape: tuple[int, ...],
        quant: Quant,
        dtype: DType = DType.INT8,
        data: bytes | None = None,
    ) -> int:
        self.values.append(Value(name, shape, dtype, quant, data))
        return len(self.values) - 1


def dense(seed: int = 0) -> QuantisedBuilder:
    """One layer."""
    graph = QuantisedBuilder((1, 24), seed)
    graph.dense(5)
    return graph


def residual(seed: int = 0) -> QuantisedBuilder:
    """Two convolutions, a dense layer with a sum around it, five classes."""
    graph = QuantisedBuilder((1, 9, 8, 2), seed)
    graph.conv(4, 3, Activation.RELU6)
    graph.conv(6, 3)
    graph.operator("RESHAPE", (1, 36), input=graph.last)
    first = graph.last
    graph.dense(36, Activation.RELU)
    graph.add(first, graph.last)
    graph.dense(5)
    return graph


def mobile(seed: int = 0) -> QuantisedBuilder:
    """Grouped, depthwise and pointwise convolutions, and the mean of each channel."""
    graph = QuantisedBuilder((1, 9, 8, 2), seed)
    graph.conv(10, 3, Activation.RELU6, groups=2)
    graph.depthwise(1, 3, dilation=2)
    graph.conv(7, 1, Activation.NONE)
    graph.operator("RELU", graph.values[graph.last].shape, input=graph.last)
    graph.depthwise(2, 3)
    graph.mean()
    graph.dense(5)
    return graph


def pools(seed: int = 0) -> QuantisedBuilder:
    """Poolings whose windows overlap."""
    graph = QuantisedBuilder((1, 18, 16, 2), seed)
    graph.conv(6, 3)
    graph.pool("AVERAGE_POOL_2D")
    graph.conv(8, 1)
    graph.pool("MAX_POOL_2D")
    graph.operator("RESHAPE", (1, 48), input=graph.last)
    graph.dense(5)
    return graph
