"""SOFTMAX over the last axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Quant
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Softmax(UnaryOp):
    """exp(beta * x) over the sum of the row; output scale 1/256, zero point -128."""

    kind: ClassVar[str] = "SOFTMAX"

    beta: float = 1.0


OUTPUT = Quant((1 / 256,), (-128,))

INTEGER_BITS = 5
"""Differences to the maximum are Q5.26"""

DEPTH_MAX = 2**9 - 1
"""The sum of equal exponentials stays below 2^28 in Q12.19, and the last shift below 32: with 512
equal inputs TFLM's own kernel ends the process, and on a microcontroller gives nonsense"""


@dataclass(frozen=True)
class Exponent:
    """Difference to the maximum -> Q5.26; differences below `diff_min` count as exp = 0."""

    multiplier: Multiplier
    diff_min: int


def exponent(model: Model, op: Softmax) -> Exponent:
    """Scale of the exponent (PreprocessSoftmaxScaling, CalculateInputRadius)."""
    fraction = 31 - INTEGER_BITS
    real = float(np.float32(op.beta)) * model.quant(op.input).scale[0] * 2.0**fraction
    multiplier = quantise_multiplier(min(real, 2.0**31 - 1.0))
    radius = (2.0**INTEGER_BITS - 1) * 2.0**fraction / 2.0**multiplier.shift
    # At 2^31 only differences of 0 remain, which any shift leaves 0: keep the C shift legal.
    kept = Multiplier(multiplier.value, min(multiplier.shift, 30))
    return Exponent(kept, -math.floor(radius))


def _check(check: OpCheck[Softmax]) -> None:
    """Output 1/256 and -128; depth and scale inside the fixed-point formats."""
    op = check.op
    quant = check.quant(op.output)
    if quant != OUTPUT:
        raise check.violation(
            f"output has scale {quant.scale[0]:g}, zero point {quant.zero_point[0]}; "
            "they must be 1/256 and -128"
        )
    depth = check.tensor(op.input).shape[-1]
    if depth > DEPTH_MAX:
        raise check.unsupported(f"{depth} elements; up to {DEPTH_MAX} are supported")
    if not op.beta > 0 or exponent(check.model, op).multiplier.shift < 1:
        raise check.unsupported(f"beta {op.beta:g} times the input scale is below 2^-26")


def _params(model: Model, op: Softmax, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_softmax`."""
    factors = exponent(model, op)
    source = model.tensor(op.input)
    depth = source.shape[-1]
    return {
        "rows": source.elements // depth,
        "depth": depth,
        "multiplier": factors.multiplier.value,
        "shift": factors.multiplier.shift,
        "diff_min": factors.diff_min,
    }


def _read(op: OperatorContext) -> Softmax:
    return Softmax(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        beta=float(op.require_options().beta),
    )


def _write(op: Softmax, _: Lowering) -> FileOp:
    return FileOp(op.kind, 2, op.inputs, op.outputs, "SoftmaxOptions", {"Beta": op.beta})


SPEC = OpSpec(
    op=Softmax,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(_check,),
    kernels=(Kernel("softmax_s8", "tinyssl_softmax", make_params=_params),),
    tflite=TfliteFormat(
        read=_read, write=_write, max_version=3, inputs=(1, 1), options="SoftmaxOptions"
    ),
    tflm=TflmNames("AddSoftmax", "softmax"),
)
