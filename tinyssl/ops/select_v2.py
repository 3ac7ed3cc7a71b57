"""SELECT_V2: of two inputs the one that a condition names, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.broadcast import (
    broadcast,
    broadcast_fields,
    broadcast_shape,
    broadcast_shapes,
    input_shapes,
)
from tinyssl.ops.common.constants import Arrays, Numbers, input_arrays
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)
ROLES = (Role.ACTIVATION, Role.CONSTANT)
SIDES = ("condition", "left", "right")


@dataclass(frozen=True, kw_only=True)
class SelectV2(Op):
    """left where the condition holds, else right, as they are stored; with broadcasting."""

    kind: ClassVar[str] = "SELECT_V2"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("condition", (DType.BOOL,), ROLES),
        Operand("left", TYPES, ROLES, plain=True),
        Operand("right", TYPES, ROLES, plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)

    condition: int
    left: int
    right: int
    output: int


def _check_types(check: OpCheck[SelectV2]) -> None:
    """Both sides and the output are of one type."""
    indices = (check.op.left, check.op.right, check.op.output)
    types = dict.fromkeys(check.tensor(index).dtype.value for index in indices)
    if len(types) > 1:
        raise check.unsupported(f"values are {' and '.join(types)}; one type is needed")


def _params(model: Model, op: SelectV2, constants: Constants) -> Fields:
    """Members of `struct tinyssl_select`."""
    shapes = dict(zip(SIDES, input_shapes(model, op), strict=True))
    return {
        **broadcast_fields(shapes, model.tensor(op.output).shape),
        **{
            name: constants.tensor("constant", index) if model.tensor(index).constant else "NULL"
            for name, index in zip(SIDES, op.inputs, strict=True)
        },
    }


def _kernel(size: int) -> Kernel[SelectV2]:
    return Kernel(
        f"select_{size}",
        "tinyssl_select",
        source="select",
        supports=lambda model, op: model.tensor(op.left).dtype.bytes == size,
        make_params=_params,
        variadic=True,
        overlaps=elementwise,
    )


def _read(op: OperatorContext) -> SelectV2:
    condition, left, right = op.inputs
    return SelectV2(index=op.index, output=op.output, condition=condition, left=left, right=right)


def _write(op: SelectV2, _: Lowering) -> FileOp:
    return FileOp(op.kind, 1, op.inputs, op.outputs, "SelectV2Options", {})


def _fold(values: Sequence[Value], op: SelectV2) -> Arrays | None:
    shapes = [values[index].shape for index in op.inputs]
    if broadcast_shape(shapes) != values[op.output].shape:
        return None
    return [np.where(*input_arrays(values, op))]


def _codes(model: Model, op: SelectV2, inputs: Sequence[Numbers]) -> Numbers | None:
    condition, left, right = inputs
    integers = model.tensor(op.left).dtype in INTEGERS
    return np.where(condition != 0, left, right) if integers else None


SPEC = OpSpec(
    op=SelectV2,
    codes=_codes,
    fold=_fold,
    shapes=broadcast_shapes,
    checks=(_check_types, broadcast),
    kernels=tuple(_kernel(size) for size in (1, 2, 4)),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3)),
    tflm=TflmNames("AddSelectV2", "select"),
)
