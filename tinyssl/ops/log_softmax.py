"""LOG_SOFTMAX over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Quant
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.unary import Int8Op, reads, unary_spec
from tinyssl.ops.softmax import exponent

OUTPUT = Quant((16 / 256,), (127,))
DEPTH_MAX = 2**12 - 1
"""The sum of exponentials fits Q12.19"""


@dataclass(frozen=True, kw_only=True)
class LogSoftmax(Int8Op):
    """x less the largest x and the logarithm of the sum of exponentials.

    int8 outputs have scale 1/16, zero point 127. float32 is within 16 units in the last place of
    TFLM's, where expf and logf of the two targets differ.
    """

    kind: ClassVar[str] = "LOG_SOFTMAX"


def _back(factor: Multiplier) -> Multiplier:
    """Q5.26 to the input scale (PreprocessLogSoftmaxScalingExp)."""
    return quantise_multiplier(2.0 ** (31 - factor.shift) / factor.value)


def _check(check: OpCheck[LogSoftmax]) -> None:
    """int8 output 1/16 and 127; depth and scale inside the fixed-point formats."""
    op = check.op
    if check.tensor(op.input).dtype is not DType.INT8:
        return
    quant = check.quant(op.output)
    if (quant.scale, quant.zero_point) != (OUTPUT.scale, OUTPUT.zero_point):
        raise check.violation(
            f"output has scale {quant.scale[0]:g}, zero point {quant.zero_point[0]}; "
            "they must be 1/16 and 127"
        )
    depth = check.tensor(op.input).shape[-1]
    if depth > DEPTH_MAX:
        raise check.unsupported(f"{depth} elements; up to {DEPTH_MAX} are supported")
    factor = exponent(check.quant(op.input).scale[0]).multiplier
    if factor.shift < 1 or _back(factor).shift > 0:
        raise check.unsupported("the input scale is 2^-26 or less")


def _integer_params(model: Model, op: LogSoftmax, _: Constants) -> Fields:
    """Members of `struct tinyssl_log_softmax`."""
    found = exponent(model.quant(op.input).scale[0])
    back = _back(found.multiplier)
    return {
        **_rows(model, op, _),
        "multiplier": found.multiplier.value,
        "shift": found.multiplier.shift,
        "back_multiplier": back.value,
        "back_shift": back.shift,
        "diff_min": found.diff_min,
    }


def _rows(model: Model, op: LogSoftmax, _: Constants) -> Fields:
    """Members of `struct tinyssl_rows`."""
    source = model.tensor(op.input)
    return {"rows": source.elements // source.shape[-1], "depth": source.shape[-1]}


SPEC = unary_spec(
    LogSoftmax,
    (
        Kernel(
            "log_softmax_s8",
            "tinyssl_log_softmax",
            ("fixed_functions.h",),
            supports=partial(reads, DType.INT8),
            make_params=_integer_params,
            overlaps=elementwise,
        ),
        Kernel(
            "log_softmax_f32",
            "tinyssl_rows",
            supports=partial(reads, DType.FLOAT32),
            make_params=_rows,
            overlaps=elementwise,
        ),
    ),
    TflmNames("AddLogSoftmax", "log_softmax"),
    checks=(_check,),
    ulps=16,
)
