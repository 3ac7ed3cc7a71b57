"""A frozen dataclass an operator. Tensors are indices into `Model.tensors`.

Paddings are explicit (top, bottom, left, right), so TFLite's SAME and VALID, PyTorch's symmetric
padding and a fused PAD are one thing. Activations are fused as in TFLite.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Activation(StrEnum):
    """Fused activations; the clamp in int8 follows from the output's quantisation."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


@dataclass(frozen=True)
class Padding:
    """Rows and columns added around the input, filled with its zero point."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


@dataclass(frozen=True, kw_only=True)
class Op:
    """What all operators have."""

    kind: ClassVar[str]
    """TFLite's name of the operator"""
    index: int
    """Position in the file it was read from: errors name `#index kind`"""
    output: int

    @property
    def label(self) -> str:
        """`#3 CONV_2D`: how errors and tables name the operator."""
        return f"#{self.index} {self.kind}"

    @property
    def inputs(self) -> tuple[int, ...]:
        """Activations and constants read, in TFLite's order."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class UnaryOp(Op):
    """One activation in, one out."""

    input: int

    @property
    def inputs(self) -> tuple[int, ...]:
        return (self.input,)


@dataclass(frozen=True, kw_only=True)
class WeightedOp(UnaryOp):
    """One activation in, weights, optional int32 bias."""

    weight: int
    bias: int | None

    @property
    def inputs(self) -> tuple[int, ...]:
        constants = (self.weight,) if self.bias is None else (self.weight, self.bias)
        return (self.input, *constants)


@dataclass(frozen=True, kw_only=True)
class Conv2D(WeightedOp):
    """Weights (out_c, k_h, k_w, in_c)."""

    kind: ClassVar[str] = "CONV_2D"
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    activation: Activation = Activation.NONE


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2D(WeightedOp):
    """Weights (1, k_h, k_w, in_c * multiplier)."""

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"
    multiplier: int = 1
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    activation: Activation = Activation.NONE


@dataclass(frozen=True, kw_only=True)
class FullyConnected(WeightedOp):
    """Weights (out, in)."""

    kind: ClassVar[str] = "FULLY_CONNECTED"
    activation: Activation = Activation.NONE
    keep_num_dims: bool = False


@dataclass(frozen=True, kw_only=True)
class Add(Op):
    """Elementwise sum of two activations of one shape."""

    kind: ClassVar[str] = "ADD"
    left: int
    right: int
    activation: Activation = Activation.NONE

    @property
    def inputs(self) -> tuple[int, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, kw_only=True)
class Pad(UnaryOp):
    """Rows and columns of the zero point around an NHWC activation."""

    kind: ClassVar[str] = "PAD"
    padding: Padding = Padding()


@dataclass(frozen=True, kw_only=True)
class Mean(UnaryOp):
    """Mean over height and width of an NHWC activation."""

    kind: ClassVar[str] = "MEAN"
    keep_dims: bool = False


@dataclass(frozen=True, kw_only=True)
class Pool2D(UnaryOp):
    """What both poolings have."""

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    activation: Activation = Activation.NONE


@dataclass(frozen=True, kw_only=True)
class AveragePool2D(Pool2D):
    """Padded places are left out of the mean."""

    kind: ClassVar[str] = "AVERAGE_POOL_2D"


@dataclass(frozen=True, kw_only=True)
class MaxPool2D(Pool2D):
    """Padded places are left out of the maximum."""

    kind: ClassVar[str] = "MAX_POOL_2D"


@dataclass(frozen=True, kw_only=True)
class Reshape(UnaryOp):
    """The same bytes under another shape; the output tensor carries it."""

    kind: ClassVar[str] = "RESHAPE"


@dataclass(frozen=True, kw_only=True)
class Softmax(UnaryOp):
    """Over the last axis; output scale 1/256, zero point -128."""

    kind: ClassVar[str] = "SOFTMAX"
    beta: float = 1.0


OPS: dict[str, type[Op]] = {
    op.kind: op
    for op in (
        Conv2D,
        DepthwiseConv2D,
        FullyConnected,
        Add,
        Pad,
        Mean,
        AveragePool2D,
        MaxPool2D,
        Reshape,
        Softmax,
    )
}
"""TFLite name -> class: all that tinyssl supports"""
