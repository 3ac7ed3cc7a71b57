"""int8 functions of one element: a table of 256 outputs, made here as TFLM computes each.

A further function is a Python function from the operator to these outputs; the C kernel is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Codes, Numbers
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN
from tinyssl.ops.common.kernel import Kernel, OpT
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields

INPUTS = range(INT8_MIN, INT8_MAX + 1)
"""All inputs, in the order of a table"""


def byte_codes(dtype: DType) -> Numbers:
    """What the bytes of a value stand for, in the order of a table."""
    codes = np.array(INPUTS, np.int64)
    return codes % 256 if dtype is DType.UINT8 else codes


def as_int8(codes: Numbers) -> Numbers:
    """The int8 of the same bits, of numbers that take a byte."""
    return (codes + 128) % 256 - 128


def clamp_int8(value: int) -> int:
    """The nearest int8."""
    return min(max(value, INT8_MIN), INT8_MAX)


def table_kernel(outputs: Callable[[Model, OpT], Sequence[int]]) -> Kernel[OpT]:
    """The kernel of an operator with int8 input and output.

    Args:
        outputs: What TFLM gives for each of `INPUTS`, of a `UnaryOp`.
    """

    def params(model: Model, op: OpT, constants: Constants) -> Fields:
        """Members of `struct tinyssl_lookup`."""
        return {
            "size": model.tensor(op.inputs[0]).elements,
            "table": constants.table("table", op, "int8_t", list(outputs(model, op))),
        }

    return Kernel(
        "lookup_s8",
        "tinyssl_lookup",
        supports=lambda model, op: model.tensor(op.inputs[0]).dtype is DType.INT8,
        make_params=params,
        overlaps=elementwise,
        outputs=outputs,
    )


def table_codes(kernels: Iterable[Kernel[Any]]) -> Codes | None:
    """`OpSpec.codes` of an operator that has a table for int8 among its kernels."""
    outputs = next((kernel.outputs for kernel in kernels if kernel.outputs), None)
    if outputs is None:
        return None

    def codes(model: Model, op: UnaryOp, inputs: Sequence[Numbers]) -> Numbers | None:
        if model.tensor(op.input).dtype is not DType.INT8:
            return None
        return np.array(outputs(model, op), np.int64)[inputs[0] - INT8_MIN]

    return codes


def float_table(model: Model, op: UnaryOp, function: Callable[[float], float]) -> list[int]:
    """Outputs of a function of real numbers, in float32 (`LUTPopulate` of TFLM's `common.h`).

    Args:
        model: A verified model.
        op: The operator.
        function: float32 to float32; where it is not exact, rounded from double.
    """
    source, target = model.quant(op.input), model.quant(op.output)
    scale, zero = np.float32(source.scale[0]), source.zero_point[0]
    inverse = np.float32(1) / np.float32(target.scale[0])
    reals = (np.float32(function(float(scale * np.float32(q - zero)))) for q in INPUTS)
    return [
        clamp_int8(round_half_away(float(real * inverse)) + target.zero_point[0]) for real in reals
    ]


def round_half_away(value: float) -> int:
    """The nearest integer, halves away from zero, as C's `round`."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)
