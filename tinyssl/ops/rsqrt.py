"""RSQRT: one over the square root."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation_error import function_gradient
from tinyssl.ops.common.fixed_functions import inverse_sqrt
from tinyssl.ops.common.fixed_point import INT8_MAX, Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.table import INPUTS, clamp_int8, table_kernel
from tinyssl.ops.common.unary import Int16Op, float_kernel, reads, unary_spec
from tinyssl.ops.training.rsqrt_error import RsqrtError

SHIFT = 20
"""Bits by which the root is scaled up"""
SHIFT_MAX = SHIFT + 10
"""The root scaled up is 2^20 at most: its left shift must fit int32"""


@dataclass(frozen=True, kw_only=True)
class Rsqrt(Int16Op):
    """1 / sqrt(x); integers give the largest output at 0.

    TFLM's integer kernels end the inference at an input below 0; here it gives the largest output.
    """

    kind: ClassVar[str] = "RSQRT"


def _factor(model: Model, op: Rsqrt) -> Multiplier:
    """Root to output: the square root and the product in float32."""
    source, target = (np.float32(model.quant(index).scale[0]) for index in (op.input, op.output))
    return quantise_multiplier(1.0 / float(np.sqrt(source) * target))


def _check(check: OpCheck[Rsqrt]) -> None:
    """The shift to the output is legal."""
    if check.tensor(check.op.input).dtype is DType.FLOAT32:
        return
    shift = _factor(check.model, check.op).shift
    if shift > SHIFT_MAX:
        raise check.unsupported(f"the outputs reach 2^{shift}; up to 2^{SHIFT_MAX} are supported")


def _down(model: Model, op: Rsqrt) -> Multiplier:
    """Of the root that is scaled up."""
    factor = _factor(model, op)
    return Multiplier(factor.value, factor.shift - SHIFT)


def _params(model: Model, op: Rsqrt, _: Constants) -> Fields:
    """Members of `struct tinyssl_rsqrt`."""
    down = _down(model, op)
    return {
        "size": model.tensor(op.input).elements,
        "multiplier": down.value,
        "shift": down.shift,
    }


def _outputs(model: Model, op: Rsqrt) -> list[int]:
    down = _down(model, op)
    zero, out_zero = zero_point(model, op.input), zero_point(model, op.output)

    def output(x: int) -> int:
        if x <= 0:
            return INT8_MAX
        root = inverse_sqrt(x)
        up = Multiplier(root.value, root.shift + SHIFT)
        return clamp_int8(requantise(requantise(1, up), down) + out_zero)

    return [output(q - zero) for q in INPUTS]


_FUNCTION = unary_spec(
    Rsqrt,
    (
        table_kernel(_outputs),
        Kernel(
            "rsqrt_s16",
            "tinyssl_rsqrt",
            ("fixed_functions.h",),
            supports=partial(reads, DType.INT16),
            make_params=_params,
            overlaps=elementwise,
        ),
        float_kernel("rsqrt", "math_f32"),
    ),
    TflmNames("AddRsqrt", "elementwise"),
    checks=(_check,),
)
SPEC = replace(_FUNCTION, gradient=function_gradient(RsqrtError))
