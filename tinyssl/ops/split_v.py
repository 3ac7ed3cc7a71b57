"""SPLIT_V: an activation cut into parts of given lengths along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import rules
from tinyssl.ops.common.parts import read_axis
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.splits import SPLIT, SplitOp, fold_split, split_gradient, split_parts
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class SplitV(SplitOp):
    """Parts of any lengths."""

    kind: ClassVar[str] = "SPLIT_V"

    lengths: tuple[int, ...]


def _shapes(model: Model, op: SplitV) -> tuple[Shape, ...]:
    shape = model.tensor(op.input).shape
    return tuple((*shape[: op.axis], length, *shape[op.axis + 1 :]) for length in op.lengths)


def _check_lengths(check: OpCheck[SplitV]) -> None:
    """The parts are the whole."""
    length, lengths = check.tensor(check.op.input).shape[check.op.axis], list(check.op.lengths)
    if sum(lengths) != length or min(lengths) < 1 or len(lengths) != len(check.op.parts):
        raise check.violation(
            f"{length} elements cannot be cut into {len(check.op.parts)} parts of {lengths}"
        )


def _read(op: OperatorContext) -> SplitV:
    shape, lengths = op.input(0).shape, op.constant(1)
    axis = read_axis(op, 2, len(shape))
    # One length may be -1: what the others leave.
    if lengths.count(-1) == 1:
        lengths[lengths.index(-1)] = shape[axis] - sum(lengths) - 1
    return SplitV(
        index=op.index, input=op.inputs[0], parts=op.outputs, axis=axis, lengths=tuple(lengths)
    )


def _write(op: SplitV, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("lengths", op.lengths), to.constant("axis", op.axis))
    return FileOp(op.kind, 2, inputs, op.outputs, "SplitVOptions", {"NumSplits": len(op.parts)})


SPEC = OpSpec(
    op=SplitV,
    shapes=_shapes,
    checks=(rules.same_types, _check_lengths),
    fold=fold_split,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(SPLIT,),
    gradient=split_gradient,
    parts=split_parts,
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(3, 3),
        outputs=(1, 1000),
        int32_inputs=(1, 2),
    ),
    tflm=TflmNames("AddSplitV", "split_v"),
)
