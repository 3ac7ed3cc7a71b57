"""Resource variables: memory that READ_VARIABLE and ASSIGN_VARIABLE reach by a handle.

In the graph a variable is a value of kind STATE. The reader leaves VAR_HANDLE and CALL_ONCE out: a
handle is the state itself, and what CALL_ONCE computes is its first value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, ValueKind
from tinyssl.ops.common.copy import Copy
from tinyssl.ops.common.kernel import OpT

ANY_TYPE = tuple(DType)


@dataclass(frozen=True, kw_only=True)
class ReadVariable(Op):
    """A copy of what a variable holds at this moment."""

    kind: ClassVar[str] = "READ_VARIABLE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("state", ANY_TYPE),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", ANY_TYPE),)

    state: int
    output: int


@dataclass(frozen=True, kw_only=True)
class AssignVariable(Op):
    """A variable holds a value from now on, into the next inference."""

    kind: ClassVar[str] = "ASSIGN_VARIABLE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("value", ANY_TYPE, (Role.ACTIVATION, Role.CONSTANT)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("state", ANY_TYPE),)

    value: int
    state: int


def is_variable(check: OpCheck[ReadVariable | AssignVariable]) -> None:
    """The state is one, and not an activation of the file."""
    value = check.tensor(check.op.state)
    if value.kind is not ValueKind.STATE:
        raise check.violation(f"{value.name} is not a resource variable that is ever assigned")


def same_bytes(check: OpCheck[ReadVariable | AssignVariable]) -> None:
    """The variable and the value are of one type and size; shapes and scales may differ."""
    source, target = check.tensor(check.op.inputs[0]), check.tensor(check.op.outputs[0])
    if (source.dtype, source.elements) != (target.dtype, target.elements):
        raise check.violation(
            f"{source.elements} {source.dtype.value} elements cannot become {target.elements} "
            f"{target.dtype.value}"
        )


def output_shape(model: Model, op: Op) -> tuple[tuple[int, ...], ...]:
    """The output carries its own shape."""
    return (model.tensor(op.outputs[0]).shape,)


def whole_copy(model: Model, op: OpT) -> Copy:
    """All elements in one run."""
    return Copy((), run=model.tensor(op.outputs[0]).elements)
