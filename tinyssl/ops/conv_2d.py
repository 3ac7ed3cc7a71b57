"""CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import conv, weights
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.layers import layer_gradient, trained_kernels
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.quantised_layers import learnt_kernels, quantised_layer_gradient
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.sums import sum_kernels
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Conv2D(Convolution):
    """Weights (out_c, k_h, k_w, in_c of a group)."""

    kind: ClassVar[str] = "CONV_2D"


def _check_weights(check: OpCheck[Conv2D]) -> None:
    """Weights fit the input's channels, and are legal constants."""
    channels = check.tensor(check.op.input).shape[3]
    filters, *_, depth = conv.filter_shape(check)
    if not depth or channels % depth or filters % (channels // depth):
        raise check.violation(
            f"{filters} filters for {depth} input channels each do not make groups of the "
            f"{channels} input channels"
        )
    weights.weights(check)


def _is_plain(model: Model, op: Conv2D) -> bool:
    return conv.is_plain(model, op) and conv.group_count(model, op) == 1


def _macs(model: Model, op: Conv2D) -> int:
    return model.tensor(op.output).elements * prod(model.tensor(op.weight).shape[1:])


def _params(model: Model, op: Conv2D, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d`."""
    return {
        **weights.weight_fields(model, op, constants),
        **conv.size_fields(model, op),
        **conv.window_fields(model, op),
    }


def _cmsis_scratch(model: Model, op: Conv2D) -> int:
    """Two columns of 16 bits, or four of 8 bits in whole registers of 16."""
    count = prod(model.tensor(op.weight).shape[1:])
    pointwise = model.tensor(op.weight).shape[1:3] == (1, 1)
    return 0 if pointwise else max(4 * -(-count // 16) * 16, 64 * -(-count // 16))


def _read(op: OperatorContext) -> Conv2D:
    window = conv.read_window(op)
    weights.read_sum_type(op)
    return Conv2D(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.optional(2),
        stride=window.stride,
        dilation=window.dilation,
        padding=window.padding,
        activation=op.activation(),
    )


def _write(op: Conv2D, to: Lowering) -> FileOp:
    source, fields = conv.write_window(op, to)
    inputs = weights.file_inputs(op, source)
    version = weights.file_version(op, to, {DType.INT8: 3, DType.INT16: 4, DType.FLOAT32: 1})
    return FileOp(op.kind, version, inputs, op.outputs, "Conv2DOptions", fields)


PLAIN: Kernel[Conv2D] = Kernel(
    "conv2d_s8",
    "tinyssl_conv2d",
    supports=_is_plain,
    make_params=_params,
    spacing=output_spacing(_params),
)


SPEC = OpSpec(
    op=Conv2D,
    shapes=conv.conv_shapes,
    checks=(conv.geometry, _check_weights, weights.accumulator),
    macs=_macs,
    words=conv.conv_words,
    kernels=(
        *learnt_kernels((PLAIN, *sum_kernels(conv.conv_sums))),
        PLAIN,
        *trained_kernels(conv.conv_sums),
        *sum_kernels(conv.conv_sums),
    ),
    gradient=layer_gradient(conv.conv_sums),
    quantised_gradient=quantised_layer_gradient(conv.conv_sums),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 3), options="Conv2DOptions"),
    tflm=TflmNames("AddConv2D", "conv", _cmsis_scratch),
)
