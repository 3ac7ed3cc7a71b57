"""What AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import window
from tinyssl.ops.common.activation import Activation, activation_range, activation_words
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
)
from tinyssl.ops.common.window import NO_PADDING, Padding, Size

PoolT = TypeVar("PoolT", bound="Pool2D")


@dataclass(frozen=True, kw_only=True)
class Pool2D(UnaryOp):
    """A window over an NHWC image; padded places are left out."""

    size: Size = (1, 1)
    stride: Size = (1, 1)
    padding: Padding = NO_PADDING
    activation: Activation = Activation.NONE


def pool_shapes(model: Model, op: Pool2D) -> tuple[tuple[int, ...], ...]:
    """Shape of the output."""
    shape = model.tensor(op.input).shape
    return ((shape[0], *window.window_shape(shape, op.padding, op.size, op.stride), shape[3]),)


def pool_words(model: Model, op: Pool2D) -> list[str]:
    """`3x3/2`, `pad 0,1,0,1`, `relu`."""
    return [
        window.window_words(op.size, op.stride),
        *window.padding_words(op.padding),
        *activation_words(op.activation),
    ]


def geometry(check: OpCheck[Pool2D]) -> None:
    """An NHWC image; numbers that fit the parameters; an element in every window."""
    op = check.op
    window.image(check)
    window.check_geometry(check, (*op.stride, *op.size))
    window.check_padding(check, op.padding)
    pad = op.padding
    if max(pad.top, pad.bottom) >= op.size[0] or max(pad.left, pad.right) >= op.size[1]:
        raise check.violation(
            f"paddings {pad.numbers} leave a window of {op.size} without an element"
        )


def pool_params(model: Model, op: Pool2D, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_pool2d`."""
    low, high = activation_range(op.activation, model.quant(op.output))
    return {**window_fields(model, op), "out_min": low, "out_max": high}


def window_fields(model: Model, op: Pool2D) -> Fields:
    """The members that say where the windows are."""
    _, in_h, in_w, channels = model.tensor(op.input).shape
    return {
        "in_h": in_h,
        "in_w": in_w,
        "channels": channels,
        "out_h": model.tensor(op.output).shape[1],
        "out_w": model.tensor(op.output).shape[2],
        "k_h": op.size[0],
        "k_w": op.size[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        **window.corner_fields(op.padding),
    }


def read_pool(op: OperatorContext, kind: type[PoolT]) -> PoolT:
    """A pooling of the file."""
    options = op.require_options()
    size = (options.filterHeight, options.filterWidth)
    stride = (options.strideH, options.strideW)
    return kind(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        size=size,
        stride=stride,
        padding=window.read_padding(op, size, stride),
        activation=op.activation(),
    )


def write_pool(op: Pool2D, to: Lowering) -> FileOp:
    """A pooling as the file has it.

    Raises:
        UnsupportedModel: Its padding is neither SAME nor VALID.
    """
    scheme = window.padding_scheme(op.padding, to.tensors[op.input].shape, op.size, op.stride)
    if scheme is None:
        raise UnsupportedModel(
            f"{op.label}: {op.padding} is neither SAME nor VALID, and a PAD would be averaged",
            hint="pad the pooling as TensorFlow Lite's SAME does",
        )
    fields = {
        "Padding": scheme,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FilterHeight": op.size[0],
        "FilterWidth": op.size[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }
    version = 1 if to.tensors[op.input].dtype is DType.FLOAT32 else 2
    return FileOp(op.kind, version, (op.input,), op.outputs, "Pool2DOptions", fields)
