"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import conv, weights
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.layers import layer_gradient, trained_kernels
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.quantised_layers import learnt_kernels, quantised_layer_gradient
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.sums import filter_array, sum_kernels
from tinyssl.ops.common.tflite import FileEdit, FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2D(Convolution):
    """Weights (1, k_h, k_w, in_c * multiplier)."""

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"
    channel_axis: ClassVar[int] = 3

    multiplier: int = 1


CMSIS_BLOCK = 124
"""Channels that CMSIS-NN's kernel for MVE takes at once (CH_IN_BLOCK_MVE)"""


def _check_weights(check: OpCheck[DepthwiseConv2D]) -> None:
    """Weights fit the input's channels, and are legal constants."""
    shape = conv.filter_shape(check)
    channels = check.tensor(check.op.input).shape[3]
    expected = (1, *shape[1:3], channels * check.op.multiplier)
    if shape != expected:
        raise check.violation(
            f"weights have shape {list(shape)}, expected {list(expected)} for {channels} input "
            "channels"
        )
    weights.weights(check)
    op = check.op
    if op.bias is not None and check.tensor(op.input).dtype is DType.INT16:
        bias = check.tensor(op.bias)
        if bias.dtype is not DType.INT64:
            raise check.unsupported(
                f"bias {bias.name} is {bias.dtype.value}; with int16 activations int64 is needed"
            )


def _macs(model: Model, op: DepthwiseConv2D) -> int:
    _, height, width, _ = model.tensor(op.weight).shape
    return model.tensor(op.output).elements * height * width


def _params(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_depthwise_conv2d`."""
    return {
        **weights.weight_fields(model, op, constants),
        **conv.size_fields(model, op),
        "channel_multiplier": op.multiplier,
        **conv.window_fields(model, op),
    }


def _reads_all(model: Model, op: DepthwiseConv2D) -> bool:
    """Whether the filters read all input channels, as there is one."""
    return model.tensor(op.input).shape[3] == 1 and conv.is_plain(model, op)


def _conv_params(model: Model, op: DepthwiseConv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d`."""
    return {
        "weight": filter_array(model, op, conv.conv_sums(model, op).filters, constants),
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
        **weights.scale_fields(model, op, model.tensor(op.output).shape[3], constants),
        **conv.size_fields(model, op),
        **conv.window_fields(model, op),
    }


def _cmsis_scratch(model: Model, op: DepthwiseConv2D) -> int:
    _, height, width, channels = model.tensor(op.weight).shape
    return max(2 * height * width * channels, 4 * CMSIS_BLOCK * height * width)


def _read(op: OperatorContext) -> DepthwiseConv2D:
    window = conv.read_window(op)
    in_c, weight_c = op.input(0).shape[3], op.input(1).shape[3]
    if weight_c % in_c:
        raise op.violation(f"{weight_c} filters for {in_c} channels do not divide")
    # The option is redundant, and 0 in some files; `_complete` then writes it in.
    multiplier = op.require_options().depthMultiplier
    if multiplier not in (0, weight_c // in_c):
        raise op.violation(
            f"depth multiplier {multiplier}, but {weight_c} filters "
            f"({op.input(1).name}) for {in_c} channels ({op.input(0).name})"
        )
    return DepthwiseConv2D(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.optional(2),
        multiplier=weight_c // in_c,
        stride=window.stride,
        dilation=window.dilation,
        padding=window.padding,
        activation=op.activation(),
    )


def _write(op: DepthwiseConv2D, to: Lowering) -> FileOp:
    source, fields = conv.write_window(op, to)
    fields["DepthMultiplier"] = op.multiplier
    inputs = weights.file_inputs(op, source)
    version = weights.file_version(op, to, {DType.INT8: 3, DType.INT16: 5, DType.FLOAT32: 1})
    return FileOp(op.kind, version, inputs, op.outputs, "DepthwiseConv2DOptions", fields)


def _complete(edit: FileEdit) -> list[str]:
    """The depth multiplier, where it is 0 (TFLM then computes no output), and a bias of zeros
    (TFLM and LiteRT both read through a null pointer).
    """
    operator, added = edit.operator, []
    source, weight = (edit.tensors[int(n)] for n in operator.inputs[:2])
    filters = int(weight.shape[3])
    if operator.builtinOptions.depthMultiplier == 0:
        operator.builtinOptions.depthMultiplier = filters // int(source.shape[3])
        added.append("its depth multiplier")
    if len(operator.inputs) < 3 or operator.inputs[2] == -1:
        scales = np.float32(source.quantization.scale[0]) * weight.quantization.scale
        bias = edit.add_constant(np.zeros(filters, np.int32))
        bias.quantization = edit.schema.QuantizationParametersT()
        bias.quantization.scale = np.asarray(scales, np.float32)
        bias.quantization.zeroPoint = np.zeros(len(scales), np.int64)
        operator.inputs = [*map(int, operator.inputs[:2]), len(edit.tensors) - 1]
        added.append("a bias of zeros")
    return added


PLAIN: Kernel[DepthwiseConv2D] = Kernel(
    "depthwise_conv2d_s8",
    "tinyssl_depthwise_conv2d",
    supports=conv.is_plain,
    make_params=_params,
    spacing=output_spacing(_params),
)


SPEC = OpSpec(
    op=DepthwiseConv2D,
    shapes=conv.conv_shapes,
    checks=(conv.geometry, _check_weights, weights.accumulator),
    macs=_macs,
    words=conv.conv_words,
    kernels=(
        *learnt_kernels([PLAIN]),
        Kernel(
            "conv2d_s8",
            "tinyssl_conv2d",
            supports=_reads_all,
            make_params=_conv_params,
            spacing=output_spacing(_conv_params),
        ),
        PLAIN,
        *trained_kernels(conv.conv_sums),
        *sum_kernels(conv.conv_sums),
    ),
    gradient=layer_gradient(conv.conv_sums),
    quantised_gradient=quantised_layer_gradient(conv.conv_sums),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(2, 3),
        options="DepthwiseConv2DOptions",
        complete=_complete,
    ),
    tflm=TflmNames("AddDepthwiseConv2D", "depthwise_conv", _cmsis_scratch),
)
