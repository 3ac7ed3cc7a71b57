"""FULLY_CONNECTED: a dense layer on each row of its input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.batch_matmul import BatchMatmul
from tinyssl.ops.common import weights, window
from tinyssl.ops.common.activation import activation_words
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.layers import layer_gradient, trained_kernels
from tinyssl.ops.common.params import Constants, Fields, image_fields
from tinyssl.ops.common.quantised_layers import learnt_kernels, quantised_layer_gradient
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
from tinyssl.ops.common.window import GEOMETRY_MAX

BIAS_SCALE_TOLERANCE = 0.02
"""Of the output scale: TFLM does not use a bias's scale, but where the weights have one scale it
refuses a bias that is further from input scale * weight scale (`GetQuantizedConvolutionMultipler`)
"""


@dataclass(frozen=True, kw_only=True)
class FullyConnected(WeightedOp):
    """Weights (out, in); each `in` elements of the input are a row, whatever its shape."""

    kind: ClassVar[str] = "FULLY_CONNECTED"

    keep_num_dims: bool = False


def count_rows(model: Model, op: FullyConnected) -> int:
    """Rows of the input."""
    return model.tensor(op.input).elements // model.tensor(op.weight).shape[1]


def _shapes(model: Model, op: FullyConnected) -> tuple[tuple[int, ...], ...]:
    """The file's own shape where it holds all rows: TFLM only asks for its last dimension."""
    channels, rows = model.tensor(op.weight).shape[0], count_rows(model, op)
    shape, found = model.tensor(op.input).shape, model.tensor(op.output).shape
    if found[-1:] == (channels,) and prod(found) == rows * channels:
        return (found,)
    return ((*shape[:-1], channels) if op.keep_num_dims else (rows, channels),)


def _check_weights(check: OpCheck[FullyConnected]) -> None:
    """Weights are (outputs, elements of a row), and legal constants."""
    shape = check.tensor(check.op.weight).shape
    source = check.tensor(check.op.input)
    if len(shape) != 2 or not shape[1] or source.elements % shape[1]:
        raise check.violation(
            f"weights have shape {list(shape)}, the input {source.elements} elements"
        )
    weights.weights(check)


def _is_plain(model: Model, op: FullyConnected) -> bool:
    return model.tensor(op.input).dtype is DType.INT8 and weights.sums_fit(model, op)


def _rows_fit(model: Model, op: FullyConnected) -> bool:
    """Sizes that fit a convolution's parameters."""
    sizes = (count_rows(model, op), *model.tensor(op.weight).shape)
    return max(sizes) <= GEOMETRY_MAX and _is_plain(model, op)


def dense_sums(model: Model, op: FullyConnected) -> Sums:
    """A 1x1 convolution over rows side by side."""
    weight = model.tensor(op.weight).array()
    (out_c, in_c), rows = weight.shape, count_rows(model, op)
    filters = weight.reshape(out_c, 1, 1, in_c)
    return Sums(filters=filters, source=(1, 1, rows, in_c), target=(1, 1, rows, out_c))


def _check_bias_scale(check: OpCheck[FullyConnected]) -> None:
    """About input scale * weight scale, where TFLM looks at it: it takes 0 for a missing one."""
    op = check.op
    if op.bias is None or check.tensor(op.input).dtype is DType.FLOAT32:
        return
    weight = check.quant(op.weight)
    if weight.per_channel:
        return
    bias = check.tensor(op.bias)
    scale = bias.quant.scale[0] if bias.quant else 0.0
    product = check.quant(op.input).scale[0] * weight.scale[0]
    difference = abs(product - scale) / check.quant(op.output).scale[0]
    if not difference <= BIAS_SCALE_TOLERANCE:
        raise check.violation(
            f"bias {bias.name} has scale {scale:g}, input scale * weight scale is {product:g}: "
            f"TensorFlow Lite Micro refuses a difference of {difference:.3g} times the output "
            f"scale; {BIAS_SCALE_TOLERANCE:g} is allowed"
        )


def _macs(model: Model, op: FullyConnected) -> int:
    return model.tensor(op.output).elements * prod(model.tensor(op.weight).shape[1:])


def _params(model: Model, op: FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_fully_connected`."""
    out_c, in_c = model.tensor(op.weight).shape
    return {
        **weights.weight_fields(model, op, constants),
        "in_c": in_c,
        "out_c": out_c,
        **weights.quant_fields(model, op),
    }


def _rows_params(model: Model, op: FullyConnected, constants: Constants) -> Fields:
    """Members of `struct tinyssl_conv2d`: a 1x1 convolution over rows side by side."""
    out_c, in_c = model.tensor(op.weight).shape
    row = (1, 1, count_rows(model, op))
    return {
        **weights.weight_fields(model, op, constants),
        **image_fields("in", (*row, in_c)),
        **image_fields("out", (*row, out_c)),
        "out_pitch": out_c,
        **dict.fromkeys(("k_h", "k_w", "stride_h", "stride_w", "dilation_h", "dilation_w"), 1),
        **window.corner_fields(window.NO_PADDING),
        **weights.quant_fields(model, op),
    }


def _read_product(op: OperatorContext) -> BatchMatmul:
    """A product of two values that both have a zero point."""
    left, right = op.inputs[:2]
    return BatchMatmul(
        index=op.index,
        output=op.output,
        left=left,
        right=right,
        adjoint_right=True,
        dense=True,
        bias=op.optional(2),
        activation=op.activation(),
    )


def _centred(op: OperatorContext) -> int | None:
    """The weights without their zero point; None where they do not fit int8 then.

    Where there is a scale for each channel, TFLM takes no zero point off.
    """
    weight = op.input(1)
    quant = weight.quant
    if weight.dtype is not DType.INT8 or quant is None or not any(quant.zero_point):
        return op.inputs[1]
    values = weight.array().astype(np.int16)
    if not quant.per_channel:
        values = values - quant.zero_point[0]
    if values.min() < -128 or values.max() > 127:
        return None
    plain = replace(quant, zero_point=(0,) * len(quant.scale))
    return op.new_value(replace(weight, quant=plain, data=values.astype(np.int8).tobytes()))


def _read(op: OperatorContext) -> FullyConnected | BatchMatmul:
    options = op.require_options()
    if options.weightsFormat != 0:
        raise op.unsupported("shuffled weights are not supported")
    op.require_rank(1, 2)
    weight = _centred(op) if op.input(1).constant else None
    if weight is None:
        return _read_product(op)
    weights.read_sum_type(op)
    return FullyConnected(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=weight,
        bias=op.optional(2),
        activation=op.activation(),
        keep_num_dims=bool(options.keepNumDims),
    )


def _write(op: FullyConnected, to: Lowering) -> FileOp:
    version = weights.file_version(op, to, {DType.INT8: 4, DType.INT16: 7, DType.FLOAT32: 1})
    version = max(version, 5 if op.keep_num_dims else 1, 6 if op.bias is None else 1)
    quant = to.tensors[op.weight].quant
    if quant is not None and quant.per_channel:
        version = 12
    fields = {
        "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
        "KeepNumDims": op.keep_num_dims,
    }
    bias = -1 if op.bias is None else op.bias
    inputs = (op.input, op.weight, bias)
    return FileOp(op.kind, version, inputs, op.outputs, "FullyConnectedOptions", fields)


PLAIN = (
    Kernel(
        "fully_connected_s8",
        "tinyssl_fully_connected",
        supports=lambda model, op: count_rows(model, op) == 1 and _is_plain(model, op),
        make_params=_params,
    ),
    Kernel(
        "conv2d_s8",
        "tinyssl_conv2d",
        supports=_rows_fit,
        make_params=_rows_params,
        spacing=output_spacing(_rows_params),
    ),
)


SPEC = OpSpec(
    op=FullyConnected,
    shapes=_shapes,
    checks=(_check_weights, _check_bias_scale, weights.accumulator),
    macs=_macs,
    words=lambda model, op: activation_words(op.activation) + weights.sum_words(model, op),
    kernels=(
        *learnt_kernels((*PLAIN, *sum_kernels(dense_sums))),
        *PLAIN,
        *trained_kernels(dense_sums),
        *sum_kernels(dense_sums),
    ),
    gradient=layer_gradient(dense_sums),
    quantised_gradient=quantised_layer_gradient(dense_sums),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 3), options="FullyConnectedOptions"),
    tflm=TflmNames(
        "AddFullyConnected",
        "fully_connected",
        # CMSIS-NN keeps the sums of each output's weights.
        sums=lambda model, op: 4 * model.tensor(op.output).shape[-1],
    ),
)
