"""SPLIT: an activation cut into equal parts along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import rules
from tinyssl.ops.common.parts import read_axis
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.splits import SPLIT, SplitOp, fold_split, split_gradient, split_parts
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Split(SplitOp):
    """As many equal parts as there are outputs."""

    kind: ClassVar[str] = "SPLIT"


def _shapes(model: Model, op: Split) -> tuple[tuple[int, ...], ...]:
    shape = model.tensor(op.input).shape
    length = shape[op.axis] // len(op.parts)
    return ((*shape[: op.axis], length, *shape[op.axis + 1 :]),) * len(op.parts)


def _check_length(check: OpCheck[Split]) -> None:
    """The parts are equal."""
    length, count = check.tensor(check.op.input).shape[check.op.axis], len(check.op.parts)
    if length % count:
        raise check.violation(f"{length} elements cannot be cut into {count} equal parts")


def _read(op: OperatorContext) -> Split:
    axis = read_axis(op, 0, len(op.input(1).shape))
    count = op.require_options().numSplits
    if count != len(op.outputs):
        raise op.violation(f"{len(op.outputs)} outputs, but {count} parts")
    return Split(index=op.index, input=op.inputs[1], parts=op.outputs, axis=axis)


def _write(op: Split, to: Lowering) -> FileOp:
    inputs = (to.constant("axis", op.axis), op.input)
    return FileOp(op.kind, 2, inputs, op.outputs, "SplitOptions", {"NumSplits": len(op.parts)})


SPEC = OpSpec(
    op=Split,
    shapes=_shapes,
    checks=(rules.same_types, _check_length),
    fold=fold_split,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(SPLIT,),
    gradient=split_gradient,
    parts=split_parts,
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(2, 2),
        outputs=(1, 1000),
        options="SplitOptions",
        int32_inputs=(0,),
    ),
    tflm=TflmNames("AddSplit", "split"),
)
