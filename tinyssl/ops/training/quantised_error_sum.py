"""QUANTISED_ERROR_SUM: the int8 error of a value that two operators read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.scaled_error import INT32
from tinyssl.ops.common.training import training_spec

ONE = 2**15
"""Of the scales, Q15"""


@dataclass(frozen=True, kw_only=True)
class QuantisedErrorSum(Op):
    """Both are brought to the larger exponent first; the scale of the sum is 1."""

    kind: ClassVar[str] = "QUANTISED_ERROR_SUM"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("left"),
        Operand("left_exponent", INT32),
        Operand("right"),
        Operand("right_exponent", INT32),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output"), Operand("exponent", INT32))

    left: int
    left_exponent: int
    right: int
    right_exponent: int
    output: int
    exponent: int


def _params(model: Model, op: QuantisedErrorSum, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_error_sum`."""
    return {
        "size": model.tensor(op.output).elements,
        "left_scale": round(model.quant(op.left).scale[0] * ONE),
        "right_scale": round(model.quant(op.right).scale[0] * ONE),
    }


SPEC = training_spec(
    QuantisedErrorSum,
    (
        Kernel(
            "error_sum_s8",
            "tinyssl_error_sum",
            ("error_s8.h", "float_bits.h"),
            source="errors_s8",
            make_params=_params,
            overlaps=elementwise,
        ),
    ),
)
