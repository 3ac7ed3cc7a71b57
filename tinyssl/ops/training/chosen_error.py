"""CHOSEN_ERROR: the error of one side of MAXIMUM and MINIMUM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand, Role
from tinyssl.ops.common.bases import PairOp
from tinyssl.ops.common.gradient import FLOAT, Backward, require_whole
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class ChosenError(Op):
    """The error where a side was chosen, or where it was not."""

    kind: ClassVar[str] = "CHOSEN_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("error", FLOAT),
        Operand("side", FLOAT, (Role.ACTIVATION, Role.PARAMETER)),
        Operand("chosen", FLOAT),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    error: int
    side: int
    """What the operator read on one side"""
    chosen: int
    """What it gave"""
    output: int
    equal: bool
    """Whether the error passes where `side` is `chosen`; else where it is not"""


def _params(model: Model, op: ChosenError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_chosen_error`."""
    return {"size": model.tensor(op.output).elements, "equal": int(op.equal)}


SPEC = training_spec(
    ChosenError,
    (
        Kernel(
            "chosen_error_f32",
            "tinyssl_chosen_error",
            make_params=_params,
            overlaps=elementwise,
        ),
    ),
)


def chosen_gradient(graph: Backward, op: PairOp) -> None:
    """Of two equal numbers the left one counts as chosen; against a constant, the other one."""
    error, sides = graph.error(op.output), (op.left, op.right)
    for value in sides:
        require_whole(graph, op, value)
    whole = [value for value in sides if graph.wants_error(value)]
    for value in whole:
        graph.pass_back(value, partial(_made, graph, op, error, whole[0], value == whole[0]))


def _made(
    graph: Backward, op: PairOp, error: int, side: int, equal: bool, output: int
) -> ChosenError:
    return ChosenError(
        index=graph.next_index,
        error=error,
        side=side,
        chosen=op.output,
        output=output,
        equal=equal,
    )
