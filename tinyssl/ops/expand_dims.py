"""EXPAND_DIMS: the same bytes with one more dimension of 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import ViewOp
from tinyssl.ops.common.constants import fold_view
from tinyssl.ops.common.parts import TYPES, read_axis
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.reshape import quantised_view_gradient, view_gradient


@dataclass(frozen=True, kw_only=True)
class ExpandDims(ViewOp):
    """Inserts an axis."""

    kind: ClassVar[str] = "EXPAND_DIMS"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)

    axis: int
    """Of the output, from the front"""


def _shapes(model: Model, op: ExpandDims) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    return ((*shape[: op.axis], 1, *shape[op.axis :]),)


def _read(op: OperatorContext) -> ExpandDims:
    axis = read_axis(op, 1, len(op.input(0).shape) + 1)
    return ExpandDims(index=op.index, output=op.output, input=op.inputs[0], axis=axis)


def _write(op: ExpandDims, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axis", op.axis))
    return FileOp(op.kind, 1, inputs, op.outputs, "ExpandDimsOptions", {})


SPEC = OpSpec(
    op=ExpandDims,
    shapes=_shapes,
    checks=(rules.same_types,),
    words=lambda _, op: [f"axis {op.axis}"],
    fold=fold_view,
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), int32_inputs=(1,)),
    gradient=view_gradient,
    quantised_gradient=quantised_view_gradient,
    tflm=TflmNames("AddExpandDims", "expand_dims"),
)
