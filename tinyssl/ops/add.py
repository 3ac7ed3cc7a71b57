"""ADD of two activations of one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import activation_range, activation_words
from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)


@dataclass(frozen=True, kw_only=True)
class Add(BinaryOp):
    """Elementwise sum of two activations of one shape."""

    kind: ClassVar[str] = "ADD"


LEFT_SHIFT = 20
"""Bits by which the inputs are scaled up before they are rescaled"""


@dataclass(frozen=True)
class AddMultipliers:
    """left and right are scaled to twice the larger scale, the sum to the output's."""

    left: Multiplier
    right: Multiplier
    output: Multiplier


def add_multipliers(model: Model, op: Add) -> AddMultipliers:
    """The three factors of ADD; `output` is below one for a model that passed the verifier."""
    left, right = model.quant(op.left).scale[0], model.quant(op.right).scale[0]
    twice = 2.0 * max(left, right)
    output = twice / (2.0**LEFT_SHIFT * model.quant(op.output).scale[0])
    return AddMultipliers(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(output),
    )


def _check(check: OpCheck[Add]) -> None:
    """One shape on both sides, and a factor below one to the output."""
    left, right = check.tensor(check.op.left).shape, check.tensor(check.op.right).shape
    if left != right:
        raise check.unsupported(
            f"shapes {list(left)} and {list(right)}: broadcasting is not supported"
        )
    if add_multipliers(check.model, check.op).output.shift > 0:
        raise check.violation("the output scale is 2^-19 of the inputs' or less")


def add_params(model: Model, op: Add, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_add`."""
    factors = add_multipliers(model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "size": model.tensor(op.output).elements,
        "left_multiplier": factors.left.value,
        "right_multiplier": factors.right.value,
        "out_multiplier": factors.output.value,
        "left_shift": factors.left.shift,
        "right_shift": factors.right.shift,
        "out_shift": factors.output.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _read(op: OperatorContext) -> Add:
    return Add(
        index=op.index,
        output=op.output,
        left=op.inputs[0],
        right=op.inputs[1],
        activation=op.activation(),
    )


def _write(op: Add, _: Lowering) -> FileOp:
    fields = {"FusedActivationFunction": ACTIVATION_NUMBERS[op.activation]}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "AddOptions", fields)


SPEC = OpSpec(
    op=Add,
    shapes=lambda model, op: (model.tensor(op.left).shape,),
    checks=(_check,),
    words=lambda _, op: activation_words(op.activation),
    kernels=(Kernel("add_s8", "tinyssl_add", make_params=add_params, overlaps=elementwise),),
    tflite=TfliteFormat(
        read=_read, write=_write, max_version=4, inputs=(2, 2), options="AddOptions"
    ),
    tflm=TflmNames("AddAdd", "add"),
)
