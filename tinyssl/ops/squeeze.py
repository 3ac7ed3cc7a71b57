"""SQUEEZE: the same bytes without dimensions of 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import ViewOp
from tinyssl.ops.common.constants import fold_view
from tinyssl.ops.common.parts import positive_axes
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.reshape import quantised_view_gradient, view_gradient


@dataclass(frozen=True, kw_only=True)
class Squeeze(ViewOp):
    """Leaves out axes of one element."""

    kind: ClassVar[str] = "SQUEEZE"

    axes: tuple[int, ...]
    """From the front, in order"""


def _shapes(model: Model, op: Squeeze) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    return (tuple(size for axis, size in enumerate(shape) if axis not in op.axes),)


def _read(op: OperatorContext) -> Squeeze:
    shape = op.input(0).shape
    given = op.options.squeezeDims if op.options is not None else None
    numbers = [] if given is None else [int(axis) for axis in given]
    axes = positive_axes(op, numbers, len(shape))
    if any(shape[axis] != 1 for axis in axes):
        raise op.violation(f"axes {list(axes)} of shape {list(shape)} have more than one element")
    if not axes:
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return Squeeze(index=op.index, output=op.output, input=op.inputs[0], axes=axes)


def _write(op: Squeeze, _: Lowering) -> FileOp:
    fields = {"SqueezeDims": list(op.axes)}
    return FileOp(op.kind, 1, op.inputs, op.outputs, "SqueezeOptions", fields)


SPEC = OpSpec(
    op=Squeeze,
    shapes=_shapes,
    checks=(rules.same_types,),
    words=lambda _, op: [f"axes {','.join(map(str, op.axes))}"],
    fold=fold_view,
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1), options="SqueezeOptions"),
    gradient=view_gradient,
    quantised_gradient=quantised_view_gradient,
    tflm=TflmNames("AddSqueeze", "squeeze"),
)
