"""TILE: a tensor several times side by side, along each axis."""

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
from tinyssl.ops.common.copy import (
    LOOPS,
    Copy,
    CopyLoop,
    copy_kernel,
    copy_parts,
    merged,
    strides,
)
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.move_error import move_gradient


@dataclass(frozen=True, kw_only=True)
class Tile(UnaryOp):
    """TensorFlow Lite Micro has none: the bytes are those of LiteRT."""

    kind: ClassVar[str] = "TILE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)

    times: tuple[int, ...]
    """Of each axis"""


def _shapes(model: Model, op: Tile) -> tuple[Shape, ...]:
    pairs = zip(model.tensor(op.input).shape, op.times, strict=True)
    return (tuple(length * times for length, times in pairs),)


def _check_times(check: OpCheck[Tile]) -> None:
    """As many numbers as axes, and loops enough in the C."""
    shape, times = check.tensor(check.op.input).shape, check.op.times
    if len(times) != len(shape) or min(times, default=1) < 1:
        raise check.violation(f"shape {list(shape)} cannot be repeated {list(times)} times")
    count = len(tile_copy(check.model, check.op).loops)
    if count > LOOPS:
        raise check.unsupported(f"it takes {count} loops; up to {LOOPS} are supported")


def tile_copy(model: Model, op: Tile) -> Copy:
    """What it copies: two loops an axis, of which the outer one stays where it is in the input."""
    shape = model.tensor(op.input).shape
    places = zip(shape, op.times, strides(shape), strides(_shapes(model, op)[0]), strict=True)
    loops = (
        loop
        for length, times, source, target in places
        for loop in (CopyLoop(times, 0, length * target), CopyLoop(length, source, target))
    )
    return merged(Copy(tuple(loops)))


def _fold(values: Sequence[Value], op: Tile) -> Arrays:
    (array,) = input_arrays(values, op)
    return [np.tile(array, op.times)]


def _read(op: OperatorContext) -> Tile:
    return Tile(index=op.index, output=op.output, input=op.inputs[0], times=tuple(op.constant(1)))


def _write(op: Tile, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("multiples", op.times))
    return FileOp(op.kind, 2, inputs, op.outputs, "TileOptions", {})


SPEC = OpSpec(
    op=Tile,
    shapes=_shapes,
    checks=(rules.same_types, one_quant, _check_times),
    words=lambda _, op: ["x".join(map(str, op.times))],
    fold=_fold,
    moves=True,
    kernels=(copy_kernel(tile_copy),),
    parts=copy_parts(tile_copy),
    gradient=move_gradient(tile_copy),
    tflite=TfliteFormat(read=_read, write=_write, litert_version=2, inputs=(2, 2)),
    tflm=TflmNames("", ""),
)
