"""The error in front of an activation function, from the one behind it and what it gave or read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.activation import Activation, float_range
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.gradient import FLOAT, Backward, Gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class ActivationError(Op):
    """Elementwise; all values have one shape."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT), Operand("value", FLOAT))
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    error: int
    value: int
    """What the function gave, or what it read"""
    output: int
    activation: Activation = Activation.NONE
    """Of a clamp"""
    alpha: float = 0.0
    """Of LEAKY_RELU"""


def _params(model: Model, op: ActivationError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_activation_error`."""
    return {
        "size": model.tensor(op.output).elements,
        **clamp_limits(op.activation),
        "alpha": float_literal(op.alpha),
    }


def clamp_limits(activation: Activation) -> Fields:
    """Members `low` and `high`: errors pass between them."""
    low, high = float_range(activation)
    return {
        "low": float_literal(low),
        "high": float_literal(math.inf if activation is Activation.RELU else high),
    }


def function_gradient(error_op: type[ActivationError], *, of_input: bool = False) -> Gradient[Any]:
    """The backward pass of a function of one number.

    Args:
        error_op: What computes it.
        of_input: From what the function read; else from what it gave.
    """

    def gradient(graph: Backward, op: UnaryOp) -> None:
        error, value = graph.error(op.output), op.input if of_input else op.output
        graph.pass_back(
            op.input,
            lambda found: error_op(index=graph.next_index, error=error, value=value, output=found),
        )

    return gradient


def activation_error_spec(op: type[ActivationError], name: str) -> OpSpec[Any]:
    """The specification: kernel `tinyssl_<name>_error_f32` in `activation_error_f32.c`."""
    kernel: Kernel[Any] = Kernel(
        f"{name}_error_f32",
        "tinyssl_activation_error",
        ("product_f32.h",),
        source="activation_error_f32",
        make_params=_params,
        overlaps=elementwise,
    )
    return training_spec(op, (kernel,))
