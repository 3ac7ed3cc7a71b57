"""QUANTISE_ERROR: an error from float32 to int8, where the INT8 part of a network ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.scaled_error import INT32
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class QuantiseError(Op):
    """The exponent is the one with which the largest element takes seven bits; the scale is 1."""

    kind: ClassVar[str] = "QUANTISE_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output"), Operand("exponent", INT32))

    error: int
    output: int
    exponent: int


def _params(model: Model, op: QuantiseError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_quantise_error`."""
    return {"size": model.tensor(op.output).elements}


SPEC = training_spec(
    QuantiseError,
    (
        Kernel(
            "quantise_error_s8",
            "tinyssl_quantise_error",
            ("error_s8.h", "float_bits.h"),
            source="errors_s8",
            make_params=_params,
        ),
    ),
)
