"""Rows of a tensor by their indices: the form of GATHER, GATHER_ND and EMBEDDING_LOOKUP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields

GATHER_TYPES = (DType.INT8, DType.FLOAT32)
EITHER = (Role.ACTIVATION, Role.CONSTANT)


@dataclass(frozen=True, kw_only=True)
class GatherOp(Op):
    """Elements of the input, named by int32 indices; either may be a constant."""

    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", GATHER_TYPES, EITHER, plain=True),
        Operand("indices", (DType.INT32,), EITHER),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", GATHER_TYPES, plain=True),)

    input: int
    indices: int
    output: int


GatherT = TypeVar("GatherT", bound=GatherOp)
Members = Callable[[Model, GatherT], Fields]


def same_elements(check: OpCheck[GatherOp]) -> None:
    """Input and output have one type."""
    source, target = check.tensor(check.op.input), check.tensor(check.op.output)
    if source.dtype is not target.dtype:
        raise check.violation(f"{source.name} and {target.name} must have the same type")


def gather_kernels(
    name: str, struct: str, members: Members[GatherT]
) -> tuple[Kernel[GatherT], ...]:
    """Three functions: both activations, constant indices, a constant input.

    Args:
        name: Of the first function; the others add `_constant` and `_table`.
        struct: Of the parameters.
        members: Of the struct, without the pointers to constants.
    """

    def make_params(model: Model, op: GatherT, constants: Constants) -> Fields:
        return gather_fields(model, op, constants, members(model, op))

    return tuple(
        Kernel(
            f"{name}{ending}",
            struct,
            source="gather",
            make_params=make_params,
            supports=partial(_supports, roles),
            any_type=True,
        )
        for ending, roles in KERNELS.items()
    )


KERNELS = {"": (False, False), "_constant": (False, True), "_table": (True, False)}
"""Ending of a function -> whether input and indices are constants"""


def _supports(roles: tuple[bool, bool], model: Model, op: GatherOp) -> bool:
    return (model.tensor(op.input).constant, model.tensor(op.indices).constant) == roles


def gather_fields(model: Model, op: GatherOp, constants: Constants, members: Fields) -> Fields:
    """Members of a struct that begins with the constants."""
    table, indices = model.tensor(op.input).constant, model.tensor(op.indices).constant
    return {
        "table": constants.bytes("table", op.input) if table else "NULL",
        "indices": constants.tensor("indices", op.indices) if indices else "NULL",
        **members,
    }


def check_indices(check: OpCheck[Op], indices: int, length: int) -> None:
    """Constant indices name rows that are there."""
    tensor = check.tensor(indices)
    if tensor.constant:
        numbers = [int(number) for number in tensor.array().ravel()]
        wrong = [number for number in numbers if not 0 <= number < length]
        if wrong:
            raise check.violation(f"index {wrong[0]} of {length}")
