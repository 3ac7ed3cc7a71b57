"""ASSIGN_VARIABLE: a resource variable gets a new value."""

from __future__ import annotations

from tinyssl.ops.common.copy import copy_kernel
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.common.variables import (
    AssignVariable,
    is_variable,
    output_shape,
    same_bytes,
    whole_copy,
)


def _read(op: OperatorContext) -> AssignVariable:
    state, value = op.inputs
    return AssignVariable(index=op.index, state=state, value=value)


def _write(op: AssignVariable, to: Lowering) -> FileOp:
    inputs = (to.handle(op.state), op.value)
    return FileOp(op.kind, 1, inputs, (), "AssignVariableOptions", {})


SPEC = OpSpec(
    op=AssignVariable,
    shapes=output_shape,
    checks=(is_variable, same_bytes),
    kernels=(copy_kernel(whole_copy),),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), outputs=(0, 0)),
    tflm=TflmNames("AddAssignVariable", "assign_variable"),
)
