"""One function an operator: inputs and options of the flatbuffer to the IR's dataclass.

They check what the IR cannot hold (other axes, other activations); `graph.verify` checks the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.graph.blockers import blocked
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.model import DType, Value
from tinyssl.ops.operators import (
    Activation,
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    MaxPool2D,
    Mean,
    Op,
    Pad,
    Padding,
    Reshape,
    Softmax,
)

# ActivationFunctionType and Padding of the schema.
ACTIVATIONS = {0: Activation.NONE, 1: Activation.RELU, 3: Activation.RELU6}
ACTIVATION_NAMES = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
SAME, VALID = 0, 1
RANK_HINT = (
    "use the 2D layer with a height of 1 in place of the 1D layer: the weights stay the same"
)


@dataclass(frozen=True)
class OperatorContext:
    """An operator of the file, before it becomes an `Op`."""

    index: int
    label: str
    """`#3 CONV_2D`"""
    inputs: tuple[int, ...]
    """Tensor indices; -1 where an optional input is absent"""
    output: int
    tensors: tuple[Value, ...]
    options: Any
    """The table of the schema, or None"""

    def input(self, position: int) -> Value:
        """The tensor at this place of the inputs."""
        return self.tensors[self.inputs[position]]

    def unsupported(self, what: str, hint: str = "") -> UnsupportedModel:
        """The error for a sound operator that tinyssl does not do."""
        return blocked([Blocker(self.label, what, hint)])

    def broken(self, what: str) -> ModelError:
        """The error for an operator that contradicts itself."""
        return ModelError(f"{self.label}: {what}", hint=CONTRADICTION_HINT)

    def require_options(self) -> Any:
        """The options table.

        Raises:
            ModelError: The file has none where the operator needs one.
        """
        if self.options is None:
            raise self.broken("no options")
        return self.options

    def require_rank(self, position: int, rank: int) -> tuple[int, ...]:
        """Shape of an input that must have so many dimensions."""
        shape = self.input(position).shape
        if len(shape) != rank:
            raise self.unsupported(
                f"input {position} has shape {list(shape)}; {rank} dimensions are supported",
                RANK_HINT if len(shape) == rank - 1 else "",
            )
        return shape

    def bias(self) -> int | None:
        """Index of the third input where there is one."""
        return None if len(self.inputs) < 3 or self.inputs[2] == -1 else self.inputs[2]

    def activation(self) -> Activation:
        """The fused activation."""
        number = self.require_options().fusedActivationFunction
        if number not in range(len(ACTIVATION_NAMES)):
            raise self.broken(f"there is no fused activation {number}")
        if number not in ACTIVATIONS:
            raise self.unsupported(
                f"fused activation {number} ({ACTIVATION_NAMES[number]}); "
                "supported are NONE, RELU, RELU6"
            )
        return ACTIVATIONS[number]

    def constant(self, position: int) -> list[int]:
        """Elements of a constant integer input."""
        tensor = self.input(position)
        if not tensor.constant:
            raise self.unsupported(f"input {position} ({tensor.name}) must be a constant")
        if tensor.dtype not in (DType.INT32, DType.INT64):
            raise self.broken(
                f"input {position} ({tensor.name}) is {tensor.dtype.value}; "
                "it must be int32 or int64"
            )
        return [int(value) for value in tensor.array().ravel()]


@dataclass(frozen=True)
class Reader:
    """How an operator is read."""

    read: Callable[[OperatorContext], Op]
    max_version: int
    inputs: tuple[int, int]
    """Fewest and most inputs"""
    options: str = ""
    """Table of the schema; empty where the operator reads none"""


def window_padding(
    scheme: int, size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> Padding:
    """SAME or VALID as numbers.

    SAME gives ceil(size / stride) outputs; the odd row or column goes to the bottom or right.

    Args:
        scheme: Number of the schema's enum `Padding`.
        size: Height and width of the input.
        window: Height and width of the (dilated) filter.
        stride: Steps down and right.
    """
    if scheme == VALID:
        return Padding()
    vertical, horizontal = (
        max((-(-length // step) - 1) * step + extent - length, 0)
        for length, extent, step in zip(size, window, stride, strict=True)
    )
    return Padding(
        vertical // 2, vertical - vertical // 2, horizontal // 2, horizontal - horizontal // 2
    )


def _padding(op: OperatorContext, window: tuple[int, int], stride: tuple[int, int]) -> Padding:
    scheme = op.require_options().padding
    if scheme not in (SAME, VALID):
        raise op.broken(f"padding {scheme} is neither SAME nor VALID")
    if min(*window, *stride) < 1:
        raise op.broken(f"window {window}, stride {stride}; both must be positive")
    _, height, width, _ = op.require_rank(0, 4)
    return window_padding(scheme, (height, width), window, stride)


@dataclass(frozen=True)
class _Window:
    """Where a filter looks: what both convolutions read alike."""

    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: Padding


def _window(op: OperatorContext) -> _Window:
    options = op.require_options()
    _, filter_h, filter_w, _ = op.require_rank(1, 4)
    stride = (options.strideH, options.strideW)
    dilation = (options.dilationHFactor, options.dilationWFactor)
    extent = ((filter_h - 1) * dilation[0] + 1, (filter_w - 1) * dilation[1] + 1)
    return _Window(stride, dilation, _padding(op, extent, stride))


def _conv(op: OperatorContext) -> Op:
    window = _window(op)
    in_c, weight_c = op.input(0).shape[3], op.input(1).shape[3]
    if in_c != weight_c:
        raise op.unsupported(
            f"{in_c} input channels, weights for {weight_c}; "
            "grouped convolutions are not supported",
            hint="use groups=1, or groups=channels (depthwise)",
        )
    return Conv2D(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.bias(),
        stride=window.stride,
        dilation=window.dilation,
        padding=window.padding,
        activation=op.activation(),
    )


def _depthwise(op: OperatorContext) -> Op:
    window = _window(op)
    in_c, weight_c = op.input(0).shape[3], op.input(1).shape[3]
    if weight_c % in_c:
        raise op.broken(f"{weight_c} filters for {in_c} channels do not divide")
    # The option is redundant, and 0 in some files; `complete` then writes it in.
    multiplier = op.require_options().depthMultiplier
    if multiplier not in (0, weight_c // in_c):
        raise op.broken(
            f"depth multiplier {multiplier}, but {weight_c} filters "
            f"({op.input(1).name}) for {in_c} channels ({op.input(0).name})"
        )
    return DepthwiseConv2D(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.bias(),
        multiplier=weight_c // in_c,
        stride=window.stride,
        dilation=window.dilation,
        padding=window.padding,
        activation=op.activation(),
    )


def _fully_connected(op: OperatorContext) -> Op:
    options = op.require_options()
    if options.weightsFormat != 0:
        raise op.unsupported("shuffled weights are not supported")
    op.require_rank(1, 2)
    return FullyConnected(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.bias(),
        activation=op.activation(),
        keep_num_dims=bool(options.keepNumDims),
    )


def _add(op: OperatorContext) -> Op:
    return Add(
        index=op.index,
        output=op.output,
        left=op.inputs[0],
        right=op.inputs[1],
        activation=op.activation(),
    )


def _pad(op: OperatorContext) -> Op:
    op.require_rank(0, 4)
    amounts = op.constant(1)
    if len(amounts) != 8 or any(amounts[:2] + amounts[6:]):
        raise op.unsupported(f"paddings {amounts}; only height and width of NHWC can be padded")
    top, bottom, left, right = amounts[2:6]
    if min(amounts) < 0:
        raise op.broken(f"paddings {amounts} must not be negative")
    return Pad(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        padding=Padding(top, bottom, left, right),
    )


def _mean(op: OperatorContext) -> Op:
    rank = len(op.require_rank(0, 4))
    given = op.constant(1)
    if any(not -rank <= axis < rank for axis in given):
        raise op.broken(f"axes {given} of {rank} dimensions")
    axes = sorted({axis % rank for axis in given})
    if axes != [1, 2]:
        raise op.unsupported(
            f"mean over axes {axes}; supported is the mean over height and width [1, 2]"
        )
    return Mean(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        keep_dims=bool(op.require_options().keepDims),
    )


def _pool(kind: type[AveragePool2D] | type[MaxPool2D]) -> Callable[[OperatorContext], Op]:
    def read(op: OperatorContext) -> Op:
        options = op.require_options()
        size = (options.filterHeight, options.filterWidth)
        stride = (options.strideH, options.strideW)
        return kind(
            index=op.index,
            output=op.output,
            input=op.inputs[0],
            size=size,
            stride=stride,
            padding=_padding(op, size, stride),
            activation=op.activation(),
        )

    return read


def _reshape(op: OperatorContext) -> Op:
    # The output tensor has the shape; the second input and the options only repeat it.
    return Reshape(index=op.index, output=op.output, input=op.inputs[0])


def _softmax(op: OperatorContext) -> Op:
    return Softmax(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        beta=float(op.require_options().beta),
    )


# Versions: tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc. Above these come types
# that the IR does not have (int4, hybrid) or broadcasting.
READERS: dict[str, Reader] = {
    "CONV_2D": Reader(_conv, 5, (2, 3), "Conv2DOptions"),
    "DEPTHWISE_CONV_2D": Reader(_depthwise, 6, (2, 3), "DepthwiseConv2DOptions"),
    "FULLY_CONNECTED": Reader(_fully_connected, 12, (2, 3), "FullyConnectedOptions"),
    "ADD": Reader(_add, 4, (2, 2), "AddOptions"),
    "PAD": Reader(_pad, 4, (2, 2)),
    "MEAN": Reader(_mean, 3, (2, 2), "ReducerOptions"),
    "AVERAGE_POOL_2D": Reader(_pool(AveragePool2D), 3, (1, 1), "Pool2DOptions"),
    "MAX_POOL_2D": Reader(_pool(MaxPool2D), 3, (1, 1), "Pool2DOptions"),
    "RESHAPE": Reader(_reshape, 1, (1, 2)),
    "SOFTMAX": Reader(_softmax, 3, (1, 1), "SoftmaxOptions"),
}
