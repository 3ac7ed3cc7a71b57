"""STRIDED_SLICE: every n-th element along each axis, as Python's `x[begin:end:stride]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import Copy, copy_kernel, copy_parts, filled, strides
from tinyssl.ops.common.parts import TYPES
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient

RANK_MAX = 5
"""Of LiteRT's kernel; TFLM's has 4"""
SLICE_TYPES = (*TYPES, DType.INT32, DType.BOOL)


@dataclass(frozen=True)
class AxisSlice:
    """What is taken of one axis."""

    begin: int
    count: int
    stride: int
    """Negative backwards"""
    dropped: bool
    """The output is without this axis; `count` is 1"""

    @property
    def span(self) -> slice:
        """As numpy takes it."""
        if not self.count:
            return slice(0, 0, self.stride)
        end = self.begin + self.count * self.stride
        return slice(self.begin, None if end < 0 else end, self.stride)


@dataclass(frozen=True, kw_only=True)
class StridedSlice(UnaryOp):
    """The axes of the input, in order."""

    kind: ClassVar[str] = "STRIDED_SLICE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", SLICE_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", SLICE_TYPES, plain=True),)

    axes: tuple[AxisSlice, ...]


def _shapes(_model: Model, op: StridedSlice) -> tuple[Shape, ...]:
    return (tuple(axis.count for axis in op.axes if not axis.dropped),)


def _check_rank(check: OpCheck[StridedSlice]) -> None:
    rank = len(check.op.axes)
    if rank > RANK_MAX:
        raise check.unsupported(f"{rank} dimensions; up to {RANK_MAX} are supported")


def strided_copy(model: Model, op: StridedSlice) -> Copy:
    """What it copies."""
    steps = strides(model.tensor(op.input).shape)
    pairs = list(zip(op.axes, steps, strict=True))
    start = sum(axis.begin * step for axis, step in pairs)
    return filled([axis.count for axis in op.axes], [axis.stride * s for axis, s in pairs], start)


def _fold(values: Sequence[Value], op: StridedSlice) -> Arrays:
    (array,) = input_arrays(values, op)
    taken = array[tuple(axis.span for axis in op.axes)]
    kept = [size for size, axis in zip(taken.shape, op.axes, strict=True) if not axis.dropped]
    return [taken.reshape(kept)]


@dataclass(frozen=True)
class _Masks:
    """Bit `i` of each speaks of axis `i`."""

    begin: int
    end: int
    dropped: int


def _axis(
    op: OperatorContext, number: int, limits: tuple[int, int, int], masks: _Masks
) -> AxisSlice:
    """One axis as numbers.

    Args:
        op: The operator.
        number: Of the axis.
        limits: Begin, end and stride.
        masks: Of the options.
    """
    (begin, end, stride), length = limits, op.input(0).shape[number]
    bit = 1 << number
    if stride == 0:
        raise op.violation(f"a stride of 0 along axis {number}")
    if masks.dropped & bit:
        first = begin + length if begin < 0 else begin
        first = 0 if masks.begin & bit else first
        if stride < 0 or not 0 <= first < length:
            raise op.violation(f"index {begin}, stride {stride} of {length} elements")
        return AxisSlice(first, 1, 1, True)
    span = slice(
        None if masks.begin & bit else begin, None if masks.end & bit else end, stride
    ).indices(length)
    return AxisSlice(span[0], len(range(*span)), stride, False)


def _read(op: OperatorContext) -> StridedSlice:
    options = op.require_options()
    if options.ellipsisMask or options.newAxisMask or options.offset:
        raise op.unsupported(
            f"ellipsis mask {options.ellipsisMask}, new axis mask {options.newAxisMask}, offset "
            f"{options.offset}: TensorFlow Lite Micro ignores them",
            "index all axes, and use a Reshape for a new one",
        )
    rank, begin, end, stride = len(op.input(0).shape), *(op.constant(i) for i in (1, 2, 3))
    if not len(begin) == len(end) == len(stride) == rank:
        raise op.unsupported(
            f"begin {begin}, end {end} and stride {stride} of {rank} dimensions; "
            "as many numbers are supported as there are dimensions"
        )
    masks = _Masks(options.beginMask, options.endMask, options.shrinkAxisMask)
    limits = zip(begin, end, stride, strict=True)
    axes = tuple(_axis(op, number, each, masks) for number, each in enumerate(limits))
    return StridedSlice(index=op.index, output=op.output, input=op.inputs[0], axes=axes)


def _write(op: StridedSlice, to: Lowering) -> FileOp:
    spans = [axis.span for axis in op.axes]
    bits = [1 << number for number in range(len(spans))]
    # An end before the first element cannot be written as a number: -1 is the last.
    open_ends = sum(bit for bit, span in zip(bits, spans, strict=True) if span.stop is None)
    inputs = (
        op.input,
        to.constant("begin", [span.start for span in spans]),
        to.constant("end", [span.stop or 0 for span in spans]),
        to.constant("strides", [span.step for span in spans]),
    )
    fields = {
        "EndMask": open_ends,
        "ShrinkAxisMask": sum(b for b, axis in zip(bits, op.axes, strict=True) if axis.dropped),
    }
    return FileOp(op.kind, 2, inputs, op.outputs, "StridedSliceOptions", fields)


SPEC = OpSpec(
    op=StridedSlice,
    shapes=_shapes,
    checks=(rules.same_types, _check_rank),
    fold=_fold,
    moves=True,
    words=lambda _, op: [",".join(f"{axis.begin}+{axis.count}*{axis.stride}" for axis in op.axes)],
    kernels=(copy_kernel(strided_copy),),
    parts=copy_parts(strided_copy),
    gradient=move_gradient(strided_copy),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(4, 4),
        options="StridedSliceOptions",
        int32_inputs=(1, 2, 3),
    ),
    tflm=TflmNames("AddStridedSlice", "strided_slice"),
)
