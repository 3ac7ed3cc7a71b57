"""SOFTMAX_ERROR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class SoftmaxError(Op):
    """beta * y * (error - the sum of error * y over the row)."""

    kind: ClassVar[str] = "SOFTMAX_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT), Operand("value", FLOAT))
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    error: int
    value: int
    """What softmax gave"""
    output: int
    beta: float = 1.0


def softmax_fields(model: Model, value: int, beta: float) -> Fields:
    """Members of `struct tinyssl_softmax_f32`."""
    found = model.tensor(value)
    depth = found.shape[-1]
    return {"rows": found.elements // depth, "depth": depth, "beta": float_literal(beta)}


def softmax_kernel(name: str) -> Kernel[SoftmaxError]:
    """`tinyssl_<name>_f32` in `softmax_training_f32.c`, of this operator or of SMOOTH_SOFTMAX."""

    def params(model: Model, op: SoftmaxError, _constants: Constants) -> Fields:
        return softmax_fields(model, op.output, op.beta)

    needed = ("softmax_f32.h", "smooth_f32.h", "smooth_f32.c", "elements.h", "product_f32.h")
    return Kernel(
        f"{name}_f32",
        "tinyssl_softmax_f32",
        needed,
        source="softmax_training_f32",
        make_params=params,
        overlaps=elementwise,
    )


SPEC = training_spec(SoftmaxError, (softmax_kernel("softmax_error"),))
