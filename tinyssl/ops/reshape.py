"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import ViewOp
from tinyssl.ops.common.constants import fold_view
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Reshape(ViewOp):
    """The output tensor carries the shape."""

    kind: ClassVar[str] = "RESHAPE"


def _read(op: OperatorContext) -> Reshape:
    # The output tensor has the shape; the second input and the options only repeat it.
    return Reshape(index=op.index, output=op.output, input=op.inputs[0])


def _write(op: Reshape, to: Lowering) -> FileOp:
    fields = {"NewShape": list(to.tensors[op.output].shape)}
    return FileOp(op.kind, 1, (op.input,), op.outputs, "ReshapeOptions", fields)


SPEC = OpSpec(
    op=Reshape,
    shapes=lambda model, op: (model.tensor(op.output).shape,),
    checks=(rules.same_types, rules.same_elements, one_quant),
    fold=fold_view,
    tflite=TfliteFormat(read=_read, write=_write, max_version=1, inputs=(1, 2)),
    tflm=TflmNames("AddReshape", "reshape"),
)
