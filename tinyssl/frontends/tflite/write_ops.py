"""Operators of the IR as the file format has them: code, version, options, constant inputs.

The IR holds explicit paddings and no axis or shape tensors; here they become SAME, VALID or a PAD
operator, and the constants that TFLite wants as inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite.read_ops import ACTIVATIONS, SAME, VALID, window_padding
from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.operators import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Op,
    Pad,
    Padding,
    Pool2D,
    Reshape,
    Softmax,
    WeightedOp,
)

ACTIVATION_NUMBERS = {activation: number for number, activation in ACTIVATIONS.items()}


@dataclass(frozen=True)
class FileOp:
    """One operator of the file."""

    kind: str
    version: int
    """Lowest version that holds int8: tensorflow/compiler/mlir/lite/tools/versioning/
    op_version.cc"""
    inputs: tuple[int, ...]
    """Tensors; -1 for an optional input that is absent"""
    output: int
    options: str
    """Table of the schema"""
    fields: dict[str, Any]
    """Its fields, by the schema's accessor names; lists become vectors"""


@dataclass
class Lowering:
    """Grows while the operators of a model are turned into those of a file."""

    model: Model
    tensors: list[Value] = field(init=False)
    ops: list[FileOp] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.tensors = list(self.model.tensors)

    def constant(self, name: str, values: Sequence[object]) -> int:
        """Index of an int32 constant; equal ones are one tensor."""
        array = np.array(values, dtype="<i4")
        tensor = Value(name, array.shape, DType.INT32, data=array.tobytes())
        if tensor in self.tensors:
            return self.tensors.index(tensor)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def scheme(
        self, op: Conv2D | DepthwiseConv2D | Pool2D, window: tuple[int, int]
    ) -> tuple[int, int]:
        """Number of SAME or VALID, and the tensor to read: padded by a PAD where it is neither.

        Raises:
            UnsupportedModel: A pooling with a padding that TFLite cannot say.
        """
        _, height, width, _ = self.tensors[op.input].shape
        if op.padding == Padding():
            return VALID, op.input
        if op.padding == window_padding(SAME, (height, width), window, op.stride):
            return SAME, op.input
        if isinstance(op, Pool2D):
            raise UnsupportedModel(
                f"{op.label}: {op.padding} is neither SAME nor VALID, and a PAD would be averaged",
                hint="pad the pooling as TensorFlow Lite's SAME does",
            )
        return VALID, self._padded(op)

    def _padded(self, op: Conv2D | DepthwiseConv2D) -> int:
        source, pad = self.tensors[op.input], op.padding
        batch, height, width, channels = source.shape
        shape = (batch, height + pad.top + pad.bottom, width + pad.left + pad.right, channels)
        self.tensors.append(replace(source, name=f"{source.name}_padded", shape=shape))
        output = len(self.tensors) - 1
        self.ops.append(_pad(Pad(index=op.index, input=op.input, output=output, padding=pad), self))
        return output


def _weights(op: WeightedOp, source: int) -> tuple[int, ...]:
    constants = (op.weight,) if op.bias is None else (op.weight, op.bias)
    return (source, *constants)


def _convolution(op: Conv2D | DepthwiseConv2D, to: Lowering) -> FileOp:
    _, height, width, _ = to.tensors[op.weight].shape
    extent = ((height - 1) * op.dilation[0] + 1, (width - 1) * op.dilation[1] + 1)
    scheme, source = to.scheme(op, extent)
    fields = {
        "Padding": scheme,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "DilationHFactor": op.dilation[0],
        "DilationWFactor": op.dilation[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }
    options = "Conv2DOptions"
    if isinstance(op, DepthwiseConv2D):
        options = "DepthwiseConv2DOptions"
        fields["DepthMultiplier"] = op.multiplier
    return FileOp(op.kind, 3, _weights(op, source), op.output, options, fields)


def _fully_connected(op: FullyConnected, to: Lowering) -> FileOp:
    quant = to.tensors[op.weight].quant
    version = 5 if op.keep_num_dims else 4
    if op.bias is None:
        version = 6
    if quant is not None and quant.per_channel:
        version = 12
    fields = {
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
        "KeepNumDims": op.keep_num_dims,
    }
    inputs = _weights(op, op.input) if op.bias is not None else (op.input, op.weight, -1)
    return FileOp(op.kind, version, inputs, op.output, "FullyConnectedOptions", fields)


def _add(op: Add, _: Lowering) -> FileOp:
    fields = {"FusedActivationFunction": ACTIVATION_NUMBERS[op.activation]}
    return FileOp(op.kind, 2, op.inputs, op.output, "AddOptions", fields)


def _pad(op: Pad, to: Lowering) -> FileOp:
    pad = op.padding
    rows = [[0, 0], [pad.top, pad.bottom], [pad.left, pad.right], [0, 0]]
    amounts = to.constant("paddings", rows)
    return FileOp(op.kind, 2, (op.input, amounts), op.output, "PadOptions", {})


def _mean(op: Mean, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axes", [1, 2]))
    return FileOp(op.kind, 2, inputs, op.output, "ReducerOptions", {"KeepDims": op.keep_dims})


def _pool(op: Pool2D, to: Lowering) -> FileOp:
    scheme, source = to.scheme(op, op.size)
    fields = {
        "Padding": scheme,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FilterHeight": op.size[0],
        "FilterWidth": op.size[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }
    return FileOp(op.kind, 2, (source,), op.output, "Pool2DOptions", fields)


def _reshape(op: Reshape, to: Lowering) -> FileOp:
    fields = {"NewShape": list(to.tensors[op.output].shape)}
    return FileOp(op.kind, 1, (op.input,), op.output, "ReshapeOptions", fields)


def _softmax(op: Softmax, _: Lowering) -> FileOp:
    return FileOp(op.kind, 2, op.inputs, op.output, "SoftmaxOptions", {"Beta": op.beta})


WRITERS: dict[str, Callable[[Any, Lowering], FileOp]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _fully_connected,
    "ADD": _add,
    "PAD": _pad,
    "MEAN": _mean,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
}


def lower(model: Model) -> Lowering:
    """Operators and tensors as the file has them.

    Raises:
        UnsupportedModel: TFLite cannot say this operator.
    """
    result = Lowering(model)
    for op in model.ops:
        result.ops.append(_writer(op)(op, result))
    return result


def _writer(op: Op) -> Callable[[Any, Lowering], FileOp]:
    if op.kind not in WRITERS:
        raise UnsupportedModel(
            f"{op.label}: operator cannot be written", hint="supported: " + ", ".join(WRITERS)
        )
    return WRITERS[op.kind]
