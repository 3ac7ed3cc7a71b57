"""TRANSPOSE_CONV: a convolution whose steps are taken in the output."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import conv, weights, window
from tinyssl.ops.common.activation import activation_words
from tinyssl.ops.common.layers import layer_gradient, trained_kernels
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.sums import Sums, sum_kernels
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.common.window import SAME, VALID, Padding, Size


@dataclass(frozen=True, kw_only=True)
class TransposeConv(WeightedOp):
    """Weights (out_c, k_h, k_w, in_c)."""

    kind: ClassVar[str] = "TRANSPOSE_CONV"

    stride: Size = (1, 1)
    same: bool = False
    """Whether the output is the size that a convolution with SAME would have read"""


def _taps(model: Model, op: TransposeConv) -> Size:
    _, height, width, _ = model.tensor(op.weight).shape
    return height, width


def _cut(model: Model, op: TransposeConv) -> Padding:
    """What is cut off the output's edges; TFLM works it out from the output's size."""
    _, height, width, _ = model.tensor(op.output).shape
    if not op.same:
        return window.NO_PADDING
    return window.same_padding((height, width), _taps(model, op), op.stride)


def _check(check: OpCheck[TransposeConv]) -> None:
    """NHWC images, weights for all of their channels, and an output of any size."""
    op = check.op
    window.images(check)
    window.check_geometry(check, op.stride)
    source, target = check.tensor(op.input).shape, check.tensor(op.output).shape
    shape = conv.filter_shape(check)
    if shape[3] != source[3]:
        raise check.violation(f"weights have shape {list(shape)}, the input {source[3]} channels")
    if len(target) != 4:
        raise check.violation(f"the output has shape {list(target)}; four dimensions are needed")
    weights.weights(check)
    narrow = op.bias is not None and check.tensor(op.bias).dtype is DType.INT32
    if check.tensor(op.input).dtype is DType.INT16 and narrow:
        raise check.unsupported("with int16 activations the bias must be int64, not int32")


def _shapes(model: Model, op: TransposeConv) -> tuple[tuple[int, ...], ...]:
    """Height and width are the file's: any size is legal."""
    _, height, width, _ = model.tensor(op.output).shape
    return ((model.tensor(op.input).shape[0], height, width, model.tensor(op.weight).shape[0]),)


def spread_sums(model: Model, op: TransposeConv) -> Sums:
    """A convolution with the filters turned round, over the input spread by the stride."""
    filters = model.tensor(op.weight).array()[:, ::-1, ::-1]
    cut, (height, width) = _cut(model, op), _taps(model, op)
    return Sums(
        filters=filters,
        source=model.tensor(op.input).shape,
        target=model.tensor(op.output).shape,
        spread=op.stride,
        corner=(height - 1 - cut.top, width - 1 - cut.left),
    )


def _macs(model: Model, op: TransposeConv) -> int:
    return model.tensor(op.input).elements * prod(model.tensor(op.weight).shape[:3])


def _words(model: Model, op: TransposeConv) -> list[str]:
    return [
        window.window_words(_taps(model, op), op.stride),
        *activation_words(op.activation),
        *weights.sum_words(model, op),
    ]


def _scratch(model: Model, op: TransposeConv) -> int:
    """Sums of all outputs."""
    wide = model.tensor(op.input).dtype is DType.INT16
    return model.tensor(op.output).elements * (8 if wide else 4)


def _read(op: OperatorContext) -> TransposeConv:
    """The output's shape, the first input, is left out: TFLM does not read it either."""
    options = op.require_options()
    op.require_rank(1, 4)
    if options.padding not in (SAME, VALID):
        raise op.violation(f"padding {options.padding} is neither SAME nor VALID")
    return TransposeConv(
        index=op.index,
        output=op.output,
        input=op.inputs[2],
        weight=op.inputs[1],
        bias=op.optional(3),
        stride=(options.strideH, options.strideW),
        same=options.padding == SAME,
        activation=op.activation(),
    )


def _write(op: TransposeConv, to: Lowering) -> FileOp:
    shape = to.constant("output_shape", list(to.tensors[op.output].shape))
    bias = () if op.bias is None else (op.bias,)
    fields = {
        "Padding": SAME if op.same else VALID,
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
    }
    inputs = (shape, op.weight, op.input, *bias)
    return FileOp(op.kind, 4, inputs, op.outputs, "TransposeConvOptions", fields)


SPEC = OpSpec(
    op=TransposeConv,
    shapes=_shapes,
    checks=(_check, weights.accumulator),
    macs=_macs,
    words=_words,
    kernels=(*trained_kernels(spread_sums), *sum_kernels(spread_sums)),
    gradient=layer_gradient(spread_sums),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(3, 4),
        options="TransposeConvOptions",
        open_shapes=lambda op: (tuple(op.constant(0)),),
    ),
    tflm=TflmNames("AddTransposeConv", "transpose_conv", _scratch),
)
