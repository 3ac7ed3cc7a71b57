"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import ViewOp
from tinyssl.ops.common.constants import fold_view
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, Shapes, TfliteFormat

OPEN = -1
"""In place of the size that follows from the others"""


@dataclass(frozen=True, kw_only=True)
class Reshape(ViewOp):
    """The output tensor carries the shape."""

    kind: ClassVar[str] = "RESHAPE"


def _read(op: OperatorContext) -> Reshape:
    # The output tensor has the shape; the second input and the options only repeat it.
    return Reshape(index=op.index, output=op.output, input=op.inputs[0])


def _open_shapes(op: OperatorContext) -> Shapes:
    """The shape that the second input or the options give; -1 takes the elements that are left."""
    if op.optional(1) is not None:
        given = op.constant(1)
    else:
        given = [int(size) for size in op.require_options().newShape]
    left, rest = divmod(op.input(0).elements, prod(size for size in given if size != OPEN))
    if given.count(OPEN) > 1 or (OPEN in given and rest):
        raise op.violation(f"{op.input(0).elements} elements cannot become {given}")
    return (tuple(left if size == OPEN else size for size in given),)


def _write(op: Reshape, to: Lowering) -> FileOp:
    fields = {"NewShape": list(to.tensors[op.output].shape)}
    return FileOp(op.kind, 1, (op.input,), op.outputs, "ReshapeOptions", fields)


def view_gradient(graph: Backward, op: ViewOp) -> None:
    """The error under the input's shape."""
    error = graph.error(op.output)
    graph.pass_back(
        op.input, lambda found: Reshape(index=graph.next_index, input=error, output=found)
    )


def quantised_view_gradient(graph: Backward, op: ViewOp) -> None:
    """The same of an int8 error."""
    if graph.wants_error(op.input):
        error = graph.error(op.output)
        found = graph.sharing_exponent(op.input, error)
        graph.append(Reshape(index=graph.next_index, input=error, output=found))
        graph.share_error(op.input, found)


SPEC = OpSpec(
    op=Reshape,
    shapes=lambda model, op: (model.tensor(op.output).shape,),
    checks=(rules.same_types, rules.same_elements),
    fold=fold_view,
    gradient=view_gradient,
    quantised_gradient=quantised_view_gradient,
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(1, 2),
        options="ReshapeOptions",
        open_shapes=_open_shapes,
    ),
    tflm=TflmNames("AddReshape", "reshape"),
)
