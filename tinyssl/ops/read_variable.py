"""READ_VARIABLE: what a resource variable holds."""

from __future__ import annotations

from tinyssl.ops.common.copy import copy_kernel
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.common.variables import (
    ReadVariable,
    is_variable,
    output_shape,
    same_bytes,
    whole_copy,
)


def _read(op: OperatorContext) -> ReadVariable:
    return ReadVariable(index=op.index, state=op.inputs[0], output=op.output)


def _write(op: ReadVariable, to: Lowering) -> FileOp:
    return FileOp(op.kind, 1, (to.handle(op.state),), op.outputs, "ReadVariableOptions", {})


SPEC = OpSpec(
    op=ReadVariable,
    shapes=output_shape,
    checks=(is_variable, same_bytes),
    kernels=(copy_kernel(whole_copy),),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1)),
    tflm=TflmNames("AddReadVariable", "read_variable"),
)
