"""ReLU, its kin and ABS in integers: two straight lines through zero, then a clamp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, requantise
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.table import INPUTS, table_kernel
from tinyssl.ops.common.unary import UnaryT, reads

IDENTITY = Multiplier(2**30, 1)
"""1, exactly"""


@dataclass(frozen=True)
class Piecewise:
    """A function of an input less its zero point; the output's zero point is added after."""

    positive: Multiplier
    """Factor of inputs from the zero point on"""
    negative: Multiplier
    """Factor of those below; its `value` may be negative"""
    zero: int
    """Zero point of the output"""
    low: int
    high: int
    """Clamp of the output"""
    sign: int = 1
    """-1: what `negative` gives is negated, after it was rounded"""

    def output(self, x: int) -> int:
        """What TFLM gives for an input that is `x` above its zero point."""
        y = self.sign * requantise(x, self.negative) if x < 0 else requantise(x, self.positive)
        return min(max(y + self.zero, self.low), self.high)


def scale_ratio(model: Model, op: UnaryOp) -> float:
    """Input scale over output scale, in double: older versions of TFLM take it in float32."""
    return model.quant(op.input).scale[0] / model.quant(op.output).scale[0]


Pieces = Callable[[Model, UnaryT], Piecewise]


def piecewise_kernels(pieces: Pieces[UnaryT]) -> tuple[Kernel[UnaryT], ...]:
    """The kernels for int8 and int16."""

    def outputs(model: Model, op: UnaryT) -> list[int]:
        found = pieces(model, op)
        zero = zero_point(model, op.input)
        return [found.output(q - zero) for q in INPUTS]

    def params(model: Model, op: UnaryT, _: Constants) -> Fields:
        """Members of `struct tinyssl_piecewise`."""
        found = pieces(model, op)
        return {
            "size": model.tensor(op.input).elements,
            "positive": found.positive.value,
            "negative": found.negative.value,
            "positive_shift": found.positive.shift,
            "negative_shift": found.negative.shift,
            "sign": found.sign,
            "out_min": found.low,
            "out_max": found.high,
        }

    wide: Kernel[UnaryT] = Kernel(
        "piecewise_s16",
        "tinyssl_piecewise",
        supports=partial(reads, DType.INT16),
        make_params=params,
        overlaps=elementwise,
    )
    return (table_kernel(outputs), wide)


def check_pieces(pieces: Pieces[UnaryT], check: OpCheck[UnaryT]) -> None:
    """The largest int8 or int16 input, shifted by its multiplier, fits int32."""
    source = check.tensor(check.op.input)
    if source.dtype is DType.FLOAT32:
        return
    low, high = INTEGERS[source.dtype]
    zero = zero_point(check.model, check.op.input)
    found = pieces(check.model, check.op)
    for reach, factor in ((high - zero, found.positive), (zero - low, found.negative)):
        bound = reach << max(factor.shift, 0)
        if bound > SUM_MAX:
            raise check.unsupported(f"the scaled input can reach {bound}; the limit is {SUM_MAX}")
