"""FULLY_CONNECTED: a dense layer on all elements of its input."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import weights
from tinyssl.ops.common.activation import activation_words
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)
from tinyssl.ops.common.weights import WeightedOp


@dataclass(frozen=True, kw_only=True)
class FullyConnected(WeightedOp):
    """Weights (out, in)."""

    kind: ClassVar[str] = "FULLY_CONNECTED"

    keep_num_dims: bool = False


def _shapes(model: Model, op: FullyConnected) -> tuple[tuple[int, ...], ...]:
    channels = model.tensor(op.weight).shape[0]
    shape = model.tensor(op.input).shape
    return ((*shape[:-1], channels) if op.keep_num_dims else (1, channels),)


def _check_weights(check: OpCheck[FullyConnected]) -> None:
    """Weights are (outputs, elements of the input), and legal constants."""
    shape = check.tensor(check.op.weight).shape
    source = check.tensor(check.op.input)
    if len(shape) == 2 and source.shape[-1] == shape[1] != source.elements:
        rows = source.elements // shape[1]
        raise check.unsupported(
            f"input has shape {list(source.shape)}: the layer is applied to {rows} rows of "
            f"{shape[1]}; one row is supported",
            hint="for a layer on each row of a sequence use a convolution of width 1 (the same "
            "weights); for one layer on all of it flatten the input first",
        )
    if len(shape) != 2 or shape[1] != source.elements:
        raise check.violation(
            f"weights have shape {list(shape)}, the input {source.elements} elements"
        )
    weights.weights(check)


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


def _read(op: OperatorContext) -> FullyConnected:
    options = op.require_options()
    if options.weightsFormat != 0:
        raise op.unsupported("shuffled weights are not supported")
    op.require_rank(1, 2)
    return FullyConnected(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        weight=op.inputs[1],
        bias=op.optional(2),
        activation=op.activation(),
        keep_num_dims=bool(options.keepNumDims),
    )


def _write(op: FullyConnected, to: Lowering) -> FileOp:
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
    bias = -1 if op.bias is None else op.bias
    inputs = (op.input, op.weight, bias)
    return FileOp(op.kind, version, inputs, op.outputs, "FullyConnectedOptions", fields)


SPEC = OpSpec(
    op=FullyConnected,
    shapes=_shapes,
    checks=(_check_weights, weights.accumulator),
    macs=_macs,
    words=lambda _, op: activation_words(op.activation),
    kernels=(Kernel("fully_connected_s8", "tinyssl_fully_connected", make_params=_params),),
    tflite=TfliteFormat(
        read=_read, write=_write, max_version=12, inputs=(2, 3), options="FullyConnectedOptions"
    ),
    tflm=TflmNames(
        "AddFullyConnected",
        "fully_connected",
        # CMSIS-NN keeps the sums of each output's weights.
        sums=lambda model, op: 4 * model.tensor(op.output).shape[-1],
    ),
)
