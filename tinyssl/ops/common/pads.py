"""One value around a tensor: the form of PAD and PADV2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import window
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.copy import COPY_FILES, Copy, CopyLoop, copy_fields, merged, strides
from tinyssl.ops.common.fill import fill_fields
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, image_fields, prefix_fields
from tinyssl.ops.common.spec import Shape
from tinyssl.ops.common.tflite import OperatorContext
from tinyssl.ops.common.window import Padding

PAD_TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
RANK_MAX = 5
"""Of TFLM's kernel"""

Amounts = tuple[tuple[int, int], ...]
"""For each axis, elements before and behind"""


@dataclass(frozen=True, kw_only=True)
class PadOp(UnaryOp):
    """Elements around the input."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", PAD_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", PAD_TYPES, plain=True),)

    amounts: Amounts

    @property
    def padding(self) -> Padding | None:
        """Rows and columns around an NHWC tensor; None where other axes are padded too."""
        if len(self.amounts) != 4 or any(self.amounts[0] + self.amounts[3]):
            return None
        return Padding(*self.amounts[1], *self.amounts[2])


PadT = TypeVar("PadT", bound=PadOp)
Value = Callable[[Model, PadT], int | float]
"""The element that fills"""


def image_amounts(padding: Padding) -> Amounts:
    """Amounts of rows and columns around an NHWC tensor."""
    return ((0, 0), (padding.top, padding.bottom), (padding.left, padding.right), (0, 0))


def pad_shapes(model: Model, op: PadOp) -> tuple[Shape, ...]:
    """Shape of the output."""
    pairs = zip(model.tensor(op.input).shape, op.amounts, strict=True)
    return (tuple(before + length + behind for length, (before, behind) in pairs),)


def check_amounts(check: OpCheck[PadOp]) -> None:
    """Not negative, not too many, of no more dimensions than TFLM has."""
    rank, most = len(check.op.amounts), window.GEOMETRY_MAX
    if rank > RANK_MAX:
        raise check.unsupported(f"{rank} dimensions; up to {RANK_MAX} are supported")
    numbers = [number for pair in check.op.amounts for number in pair]
    if any(not 0 <= number <= most for number in numbers):
        raise check.violation(f"paddings {numbers} must be 0 to {most}")


def read_amounts(op: OperatorContext) -> Amounts:
    """What the second input says."""
    numbers, rank = op.constant(1), len(op.input(0).shape)
    if len(numbers) != 2 * rank:
        raise op.violation(f"{len(numbers)} paddings for {rank} dimensions")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def pad_kernels(value: Value[PadT]) -> tuple[Kernel[PadT], ...]:
    """Rows and columns of an int8 image, and any other padding."""

    def image(model: Model, op: PadT) -> bool:
        tensor = model.tensor(op.input)
        plain = tensor.dtype is DType.INT8 and tensor.shape[0] == 1
        return op.padding is not None and plain and window.has_short_sides(model, op)

    def image_params(model: Model, op: PadT, _constants: Constants) -> Fields:
        return _image_params(model, op, int(value(model, op)))

    def any_params(model: Model, op: PadT, _constants: Constants) -> Fields:
        return _any_params(model, op, value(model, op))

    return (
        Kernel("pad_s8", "tinyssl_pad", make_params=image_params, supports=image),
        Kernel(
            "pad",
            "tinyssl_pad_axes",
            (*COPY_FILES, "fill.h", "fill.c"),
            make_params=any_params,
            any_type=True,
        ),
    )


def _image_params(model: Model, op: PadOp, value: int) -> Fields:
    """Members of `struct tinyssl_pad`."""
    _, (top, bottom), (left, right), _ = op.amounts
    return {
        **image_fields("in", model.tensor(op.input).shape),
        "top": top,
        "bottom": bottom,
        "left": left,
        "right": right,
        "value": value,
    }


def _any_params(model: Model, op: PadOp, value: int | float) -> Fields:
    """Members of `struct tinyssl_pad_axes`."""
    size = model.tensor(op.output).dtype.bytes
    return {
        **prefix_fields("fill", fill_fields(model.tensor(op.output), value)),
        **prefix_fields("copy", copy_fields(pad_copy(model, op), size)),
    }


def pad_copy(model: Model, op: PadOp) -> Copy:
    """How the input comes to its place."""
    source, target = model.tensor(op.input).shape, model.tensor(op.output).shape
    steps = strides(target)
    loops = tuple(map(CopyLoop, source, strides(source), steps))
    start = sum(before * step for (before, _), step in zip(op.amounts, steps, strict=True))
    return replace(merged(Copy(loops)), target_start=start)
