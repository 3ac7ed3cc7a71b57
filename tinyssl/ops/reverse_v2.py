"""REVERSE_V2: axes backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, filled, strides
from tinyssl.ops.common.parts import positive_axes
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient

RANK_MAX = 6
"""Of TFLM's kernel"""


@dataclass(frozen=True, kw_only=True)
class ReverseV2(UnaryOp):
    """The last index of some axes comes first."""

    kind: ClassVar[str] = "REVERSE_V2"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)

    axes: tuple[int, ...]
    """From the front, in order"""


def _check_axes(check: OpCheck[ReverseV2]) -> None:
    rank, axes = len(check.tensor(check.op.input).shape), check.op.axes
    if rank > RANK_MAX:
        raise check.unsupported(f"{rank} dimensions; up to {RANK_MAX} are supported")
    if axes != tuple(range(axes[0], axes[0] + len(axes))):  # TFLM refuses it too
        raise check.unsupported(f"axes {list(axes)}; axes beside each other are supported")


def reverse_copy(model: Model, op: ReverseV2) -> Copy:
    """What it copies."""
    shape = model.tensor(op.input).shape
    steps = strides(shape)
    start = sum((shape[axis] - 1) * steps[axis] for axis in op.axes)
    signed = [-step if axis in op.axes else step for axis, step in enumerate(steps)]
    return filled(shape, signed, start)


def _read(op: OperatorContext) -> ReverseV2:
    axes = positive_axes(op, op.constant(1), len(op.input(0).shape))
    if not axes:
        raise op.violation("no axes")
    return ReverseV2(index=op.index, output=op.output, input=op.inputs[0], axes=axes)


def _write(op: ReverseV2, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axes", op.axes))
    return FileOp(op.kind, 3, inputs, op.outputs, "ReverseV2Options", {})


def _fold(values: Sequence[Value], op: ReverseV2) -> Arrays | None:
    (array,) = input_arrays(values, op)
    return [np.flip(array, op.axes)]


SPEC = OpSpec(
    op=ReverseV2,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(rules.same_types, _check_axes),
    fold=_fold,
    moves=True,
    words=lambda _, op: [f"axes {','.join(map(str, op.axes))}"],
    kernels=(copy_kernel(reverse_copy),),
    gradient=move_gradient(reverse_copy),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), int32_inputs=(1,)),
    tflm=TflmNames("AddReverseV2", "reverse"),
)
