"""QUANTISED_CLAMP_ERROR: an int8 error in front of RELU and its kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.training.clamp_mask import quantised_limits


@dataclass(frozen=True, kw_only=True)
class QuantisedClampError(Op):
    """Nothing passes where the output is at an end of the activation; the exponent stays."""

    kind: ClassVar[str] = "QUANTISED_CLAMP_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error"), Operand("value"))

    error: int
    value: int
    """What the function gave"""
    output: int
    activation: Activation


def _params(model: Model, op: QuantisedClampError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_error_s8`."""
    limits = quantised_limits(model, op.value, op.activation)
    return {"size": model.tensor(op.value).elements, **limits}


SPEC = training_spec(
    QuantisedClampError,
    (
        Kernel(
            "clamp_error_s8",
            "tinyssl_clamp_error_s8",
            ("error_s8.h", "float_bits.h"),
            source="errors_s8",
            make_params=_params,
            overlaps=elementwise,
        ),
    ),
)


def quantised_clamp_gradient(activation: Activation, graph: Backward, op: UnaryOp) -> None:
    """The backward pass of an INT8 clamp that is an operator of its own."""
    graph.share_error(op.input, quantised_error_before(graph, op.output, activation))


def quantised_error_before(graph: Backward, value: int, activation: Activation) -> int:
    """The int8 error in front of the activation that an operator with this output has fused."""
    error = graph.error(value)
    if activation is Activation.NONE:
        return error
    found = graph.sharing_exponent(value, error)
    graph.append(
        QuantisedClampError(
            index=graph.next_index, error=error, value=value, output=found, activation=activation
        )
    )
    return found
