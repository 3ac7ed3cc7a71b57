"""UNPACK: an activation cut along an axis into parts without that axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.parts import require_axis
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.splits import SPLIT, SplitOp, split_gradient, split_parts
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Unpack(SplitOp):
    """As many parts as the axis has elements."""

    kind: ClassVar[str] = "UNPACK"


def _shapes(model: Model, op: Unpack) -> tuple[tuple[int, ...], ...]:
    shape = model.tensor(op.input).shape
    return ((*shape[: op.axis], *shape[op.axis + 1 :]),) * len(op.parts)


def _check_count(check: OpCheck[Unpack]) -> None:
    """There is a part for each element of the axis."""
    length, count = check.tensor(check.op.input).shape[check.op.axis], len(check.op.parts)
    if length != count:
        raise check.violation(f"{count} outputs for an axis of {length} elements")


def _fold(values: Sequence[Value], op: Unpack) -> Arrays:
    (array,) = input_arrays(values, op)
    return list(np.moveaxis(array, op.axis, 0))


def _read(op: OperatorContext) -> Unpack:
    options, rank = op.require_options(), len(op.input(0).shape)
    if options.num != len(op.outputs):
        raise op.violation(f"{len(op.outputs)} outputs, but {options.num} parts")
    axis = require_axis(op, options.axis, rank)
    return Unpack(index=op.index, input=op.inputs[0], parts=op.outputs, axis=axis)


def _write(op: Unpack, _: Lowering) -> FileOp:
    fields = {"Axis": op.axis, "Num": len(op.parts)}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "UnpackOptions", fields)


SPEC = OpSpec(
    op=Unpack,
    shapes=_shapes,
    checks=(rules.same_types, _check_count),
    fold=_fold,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(SPLIT,),
    gradient=split_gradient,
    parts=split_parts,
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(1, 1),
        outputs=(1, 1000),
        options="UnpackOptions",
    ),
    tflm=TflmNames("AddUnpack", "unpack"),
)
