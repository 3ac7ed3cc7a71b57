"""What CONV_2D and DEPTHWISE_CONV_2D share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import window
from tinyssl.ops.common.activation import activation_words
from tinyssl.ops.common.pads import image_amounts
from tinyssl.ops.common.params import Fields, image_fields
from tinyssl.ops.common.sums import Sums
from tinyssl.ops.common.tflite import ACTIVATION_NUMBERS, Lowering, OperatorContext
from tinyssl.ops.common.weights import WeightedOp, quant_fields, sum_words, sums_fit
from tinyssl.ops.common.window import NO_PADDING, VALID, Padding, Size, padding_words, window_words
from tinyssl.ops.pad import Pad, write_pad


@dataclass(frozen=True, kw_only=True)
class Convolution(WeightedOp):
    """A filter that moves over an NHWC image."""

    stride: Size = (1, 1)
    dilation: Size = (1, 1)
    padding: Padding = NO_PADDING


def extent(weight: tuple[int, ...], dilation: Size) -> Size:
    """Height and width of a dilated filter, from the shape of its weights."""
    return ((weight[1] - 1) * dilation[0] + 1, (weight[2] - 1) * dilation[1] + 1)


def taps(model: Model, op: Convolution) -> Size:
    """Height and width of the filter."""
    _, height, width, _ = model.tensor(op.weight).shape
    return height, width


def group_count(model: Model, op: Convolution) -> int:
    """Groups of input channels, each of which has its own filters."""
    channels = model.tensor(op.input).shape[3]
    return channels // (1 if op.channel_axis == 3 else model.tensor(op.weight).shape[3])


def is_plain(model: Model, op: Convolution) -> bool:
    """int8 activations of one image with short sides, whose sums fit int32."""
    source = model.tensor(op.input)
    one = source.shape[0] == 1 and window.has_short_sides(model, op)
    return source.dtype is DType.INT8 and one and sums_fit(model, op)


def conv_sums(model: Model, op: Convolution) -> Sums:
    """What the outputs are made of; the filters of a depthwise one are its groups."""
    weight = model.tensor(op.weight).array()
    return Sums(
        filters=weight if op.channel_axis == 0 else weight.transpose(3, 1, 2, 0),
        source=model.tensor(op.input).shape,
        target=model.tensor(op.output).shape,
        stride=op.stride,
        dilation=op.dilation,
        corner=(op.padding.top, op.padding.left),
    )


def conv_shapes(model: Model, op: Convolution) -> tuple[tuple[int, ...], ...]:
    """Shape of the output."""
    shape, weight = model.tensor(op.input).shape, model.tensor(op.weight).shape
    size = window.window_shape(shape, op.padding, extent(weight, op.dilation), op.stride)
    return ((shape[0], *size, weight[op.channel_axis]),)


def conv_words(model: Model, op: Convolution) -> list[str]:
    """`3x3/2`, `dilation 2x2`, `pad 0,1,0,1`, `relu`."""
    dilation = f"dilation {op.dilation[0]}x{op.dilation[1]}"
    count = group_count(model, op)
    return [
        window_words(taps(model, op), op.stride),
        *([f"{count} groups"] if op.channel_axis == 0 and count > 1 else []),
        *([dilation] if op.dilation != (1, 1) else []),
        *padding_words(op.padding),
        *activation_words(op.activation),
        *sum_words(model, op),
    ]


def geometry(check: OpCheck[Convolution]) -> None:
    """NHWC images; strides, dilations and paddings that fit the kernel's parameters."""
    window.images(check)
    window.check_geometry(check, (*check.op.stride, *check.op.dilation))
    window.check_padding(check, check.op.padding)


def filter_shape(check: OpCheck[WeightedOp]) -> tuple[int, ...]:
    """Shape of the weights, which must have four dimensions."""
    shape = check.tensor(check.op.weight).shape
    if len(shape) != 4:
        raise check.violation(f"weights have shape {list(shape)}; four dimensions are needed")
    return shape


def size_fields(model: Model, op: Convolution) -> Fields:
    """Members `in_h` to `out_pitch` of a parameter struct."""
    return {
        **image_fields("in", model.tensor(op.input).shape),
        **image_fields("out", model.tensor(op.output).shape),
        "out_pitch": model.tensor(op.output).shape[3],
    }


def window_fields(model: Model, op: Convolution) -> Fields:
    """Members `k_h` to `out_max` of a parameter struct."""
    height, width = taps(model, op)
    return {
        "k_h": height,
        "k_w": width,
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        **window.corner_fields(op.padding),
        **quant_fields(model, op),
    }


@dataclass(frozen=True)
class FileWindow:
    """Where a filter looks, as the file says it."""

    stride: Size
    dilation: Size
    padding: Padding


def read_window(op: OperatorContext) -> FileWindow:
    """Stride, dilation and padding of an operator of the file."""
    options = op.require_options()
    weight = op.require_rank(1, 4)
    stride = (options.strideH, options.strideW)
    dilation = (options.dilationHFactor, options.dilationWFactor)
    return FileWindow(stride, dilation, window.read_padding(op, extent(weight, dilation), stride))


def write_window(op: Convolution, to: Lowering) -> tuple[int, dict[str, Any]]:
    """The input to read, and the fields of the options; a PAD goes in front where one is needed."""
    weight = to.tensors[op.weight].shape
    shape = to.tensors[op.input].shape
    scheme = window.padding_scheme(op.padding, shape, extent(weight, op.dilation), op.stride)
    source = _padded(op, to) if scheme is None else op.input
    return source, {
        "Padding": VALID if scheme is None else scheme,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "DilationHFactor": op.dilation[0],
        "DilationWFactor": op.dilation[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }


def _padded(op: Convolution, to: Lowering) -> int:
    source, pad = to.tensors[op.input], op.padding
    batch, height, width, channels = source.shape
    shape = (batch, height + pad.top + pad.bottom, width + pad.left + pad.right, channels)
    output = to.add(replace(source, name=f"{source.name}_padded", shape=shape))
    amounts = image_amounts(pad)
    to.ops.append(
        write_pad(Pad(index=op.index, input=op.input, output=output, amounts=amounts), to)
    )
    return output
