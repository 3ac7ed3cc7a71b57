"""Small float32 networks, layer by layer, with random weights: what a device trains from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops import OPS
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import Padding


@dataclass
class LayerStack:
    """Layers, one behind the other, over one input, with random weights.

    Weights are normal, with a standard deviation of gain / sqrt(inputs of an output); biases are
    zero.
    """

    shape: tuple[int, ...]
    """Of the input, with the batch: (1, height, width, channels) or (1, numbers)"""
    seed: int = 0
    values: list[Value] = field(default_factory=list)
    ops: list[Any] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    """Numbers of the weights and biases"""

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.last = self._value("x", self.shape)

    def dense(self, count: int, activation: Activation = Activation.NONE, gain: float = 1) -> None:
        """A fully connected layer."""
        inputs = int(np.prod(self.values[self.last].shape))
        weight = self.weight((count, inputs), inputs, gain)
        bias = self.constant(f"b{len(self.ops)}", np.zeros(count))
        self.layer("FULLY_CONNECTED", weight, (1, count), bias=bias, activation=activation)

    def conv(
        self,
        count: int,
        side: int,
        activation: Activation = Activation.RELU,
        *,
        groups: int = 1,
        gain: float = 1,
    ) -> None:
        """A convolution with padding all around and stride 2."""
        depth = self.values[self.last].shape[3] // groups
        weight = self.weight((count, side, side, depth), side * side * depth, gain)
        self.convolution("CONV_2D", weight, count, side, activation)

    def convolution(
        self, kind: str, weight: int, count: int, reach: int, activation: Activation, **more: Any
    ) -> None:
        """A layer whose window moves by 2, with padding all around.

        Args:
            kind: Of operator.
            weight: Its value.
            count: Channels of the output.
            reach: Pixels from one end of the window to the other.
            activation: Behind it.
            more: Other settings of the operator; `bias` where it is not a new one.
        """
        _, height, width, _ = self.values[self.last].shape
        pad = reach // 2
        sizes = tuple((n + 2 * pad - reach) // 2 + 1 for n in (height, width))
        given: dict[str, Any] = {
            "stride": (2, 2),
            "padding": Padding(pad, pad, pad, pad),
            "activation": activation,
        }
        if "bias" not in more:
            given["bias"] = self.constant(f"b{len(self.ops)}", self.first_biases(count))
        self.layer(kind, weight, (1, *sizes, count), **given, **more)

    def first_biases(self, count: int) -> NDArray[np.float64]:
        """Of a convolution."""
        return np.zeros(count)

    def flatten(self) -> None:
        """All elements in one row."""
        self.reshape(1, int(np.prod(self.values[self.last].shape)))

    def reshape(self, *shape: int) -> None:
        """Another shape of the same elements."""
        self.operator("RESHAPE", shape, input=self.last)

    def function(self, kind: str, **more: Any) -> None:
        """A function of each element."""
        self.operator(kind, self.values[self.last].shape, input=self.last, **more)

    def operator(self, kind: str, shape: tuple[int, ...], /, **more: Any) -> None:
        """Any operator whose output has this shape."""
        self._append(kind, self._value(f"y{len(self.ops)}", shape), **more)

    def layer(
        self, kind: str, weight: int, shape: tuple[int, ...], *, bias: int | None, **more: Any
    ) -> None:
        """An operator with weights, whose output has this shape."""
        self.parameters += [weight] if bias is None else [weight, bias]
        output = self._value(f"y{len(self.ops)}", shape)
        self._append(kind, output, input=self.last, weight=weight, bias=bias, **more)

    def weight(self, shape: tuple[int, ...], inputs: int, gain: float = 1) -> int:
        """A constant of random numbers; `inputs` go into an output."""
        scale = gain / np.sqrt(inputs)
        return self.constant(f"w{len(self.ops)}", self.random.normal(size=shape) * scale)

    def constant(self, name: str, data: NDArray[Any]) -> int:
        """The number of a new value."""
        return self._value(name, data.shape, data.astype("<f4").tobytes())

    def model(self, name: str = "stack") -> Model:
        """The graph."""
        return Model(name, tuple(self.values), tuple(self.ops), (0,), (self.last,))

    def _append(self, kind: str, output: int, **more: Any) -> None:
        self.ops.append(OPS[kind].op(index=len(self.ops), output=output, **more))
        self.last = output

    def _value(self, name: str, shape: tuple[int, ...], data: bytes | None = None) -> int:
        self.values.append(Value(name, shape, DType.FLOAT32, data=data))
        return len(self.values) - 1
