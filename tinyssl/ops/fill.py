"""FILL: one number in all elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import copy_kernel, filled
from tinyssl.ops.common.fill import fill_fields
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

FILL_TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Fill(Op):
    """A scalar, repeated until it has a shape."""

    kind: ClassVar[str] = "FILL"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("value", FILL_TYPES, (Role.ACTIVATION, Role.CONSTANT), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FILL_TYPES, plain=True),)

    value: int
    output: int
    shape: Shape


def _check_scalar(check: OpCheck[Fill]) -> None:
    shape = check.tensor(check.op.value).shape
    if shape:
        raise check.violation(f"the value has shape {list(shape)}; it must be a scalar")


def _params(model: Model, op: Fill, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_fill`."""
    return fill_fields(model.tensor(op.output), model.tensor(op.value).array().item())


def _read(op: OperatorContext) -> Fill:
    return Fill(index=op.index, output=op.output, value=op.inputs[1], shape=tuple(op.constant(0)))


def _write(op: Fill, to: Lowering) -> FileOp:
    inputs = (to.constant("shape", op.shape), op.value)
    return FileOp(op.kind, 3, inputs, op.outputs, "FillOptions", {})


def _fold(values: Sequence[Value], op: Fill) -> Arrays | None:
    """Whole numbers alone: what is quantised or real is an activation to its readers."""
    if values[op.output].dtype is not DType.INT32:
        return None
    (number,) = input_arrays(values, op)
    return [np.full(op.shape, number.item(), number.dtype)]


SPEC = OpSpec(
    op=Fill,
    shapes=lambda _, op: (op.shape,),
    checks=(rules.same_types, _check_scalar),
    fold=_fold,
    kernels=(
        Kernel(
            "fill",
            "tinyssl_fill",
            make_params=_params,
            supports=lambda model, op: model.tensor(op.value).constant,
            any_type=True,
        ),
        copy_kernel(lambda _, op: filled(op.shape, [0] * len(op.shape))),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2)),
    tflm=TflmNames("AddFill", "fill"),
)
