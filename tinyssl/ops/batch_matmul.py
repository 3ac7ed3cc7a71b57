"""BATCH_MATMUL: products of matrices, of which either side may be a constant.

Also what a FULLY_CONNECTED is whose weights are computed, or have a zero point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import (
    Activation,
    activation_range,
    activation_words,
    float_range,
)
from tinyssl.ops.common.bases import PairOp, pair_operands
from tinyssl.ops.common.broadcast import broadcast_shape
from tinyssl.ops.common.fixed_point import SHIFT_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.pair import SHORT, reads
from tinyssl.ops.common.params import Constants, Fields, float_literal, prefix_fields, zero_point
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)
from tinyssl.ops.common.weights import WIDE_SHIFT_MAX

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)

RANKS = (2, 5)
"""Fewest and most dimensions"""

BATCHES = RANKS[1] - 2
"""Dimensions in front of the matrices'"""


@dataclass(frozen=True, kw_only=True)
class BatchMatmul(PairOp):
    """Left (…, rows, depth) times right (…, depth, columns); what is in front is broadcast."""

    kind: ClassVar[str] = "BATCH_MATMUL"
    operands: ClassVar[tuple[Operand, ...]] = (
        *pair_operands(*TYPES, zero_scale=True),
        Operand("bias", (DType.INT32, DType.FLOAT32), (Role.CONSTANT,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    dense: bool = False
    """A FULLY_CONNECTED: the right side is (columns, depth), each `depth` elements of the left side
    are a row, whatever its shape; it has a bias and a fused activation"""
    bias: int | None = None
    """One number a column"""
    activation: Activation = Activation.NONE
    adjoint_left: bool = False
    """Whether the left side is stored as (…, depth, rows)"""
    adjoint_right: bool = False
    """Whether the right side is stored as (…, columns, depth)"""


@dataclass(frozen=True)
class Side:
    """How one of the inputs is walked."""

    batches: Shape
    """Dimensions in front of the matrix"""
    outer: int
    """Rows of the left, columns of the right side"""
    depth: int
    step: int
    """Elements from one row or column to the next"""
    along: int
    """Elements from one term of a sum to the next"""


def _side(shape: Shape, depth_first: bool) -> Side:
    """`depth_first`: the matrix is (depth, outer)."""
    *batches, first, second = shape
    if depth_first:
        return Side(tuple(batches), second, first, 1, second)
    return Side(tuple(batches), first, second, second, 1)


def _sides(model: Model, op: BatchMatmul) -> tuple[Side, Side]:
    left, right = model.tensor(op.left).shape, model.tensor(op.right).shape
    if op.dense:
        left = (model.tensor(op.left).elements // right[-1], right[-1])
    return _side(left, op.adjoint_left), _side(right, not op.adjoint_right)


def _check(check: OpCheck[BatchMatmul]) -> None:
    """Matrices that fit each other, of one type, and multipliers in TFLM's range."""
    op, model = check.op, check.model
    rules.one_type(check, op.left, op.right, op.output)
    shapes = [check.tensor(index).shape for index in (op.left, op.right)]
    if any(not RANKS[0] <= len(shape) <= RANKS[1] for shape in shapes):
        raise check.unsupported(
            f"shapes {list(shapes[0])} and {list(shapes[1])}; 2 to 5 dimensions are supported"
        )
    if op.dense:
        _check_dense(check)
    left, right = _sides(model, op)
    fits = left.depth == right.depth and broadcast_shape((left.batches, right.batches)) is not None
    if not fits:
        raise check.violation(
            f"shapes {list(shapes[0])} and {list(shapes[1])} do not fit each other"
        )
    dtype = check.tensor(op.left).dtype
    if dtype is DType.FLOAT32:
        return
    most = WIDE_SHIFT_MAX if dtype is DType.INT16 else SHIFT_MAX
    shift = _multiplier(model, op).shift
    if shift > most:
        raise check.unsupported(f"sums are multiplied by 2^{shift}; the limit is 2^{most}")


def _check_dense(check: OpCheck[BatchMatmul]) -> None:
    """Rows of the left side are as long as those of the right side, and the bias fits."""
    op, depth = check.op, check.tensor(check.op.right).shape[-1]
    if check.tensor(op.left).elements % depth:
        raise check.violation(f"{check.tensor(op.left).elements} elements in rows of {depth}")
    if op.bias is None:
        return
    bias, columns = check.tensor(op.bias), check.tensor(op.right).shape[0]
    real = check.tensor(op.left).dtype is DType.FLOAT32
    wanted = DType.FLOAT32 if real else DType.INT32
    if not bias.constant or bias.dtype is not wanted or bias.elements != columns:
        raise check.unsupported(f"bias {bias.name} must be {columns} {wanted.value} constants")


def _multiplier(model: Model, op: BatchMatmul) -> Multiplier:
    """Sum to output, in double."""
    left, right, output = (model.quant(i).scale[0] for i in (op.left, op.right, op.output))
    return quantise_multiplier(left * right / output)


def _shapes(model: Model, op: BatchMatmul) -> tuple[Shape, ...]:
    left, right = _sides(model, op)
    found = model.tensor(op.output).shape
    if op.dense and found[-1:] == (right.outer,) and prod(found) == left.outer * right.outer:
        return (found,)
    batches = broadcast_shape((left.batches, right.batches)) or ()
    return ((*batches, left.outer, right.outer),)


def _steps(side: Side) -> list[int]:
    """Elements from one matrix to the next along each dimension; 0 where it is repeated."""
    shape = (1,) * (BATCHES - len(side.batches)) + side.batches
    matrix = side.outer * side.depth
    return [prod(shape[at + 1 :]) * matrix * (shape[at] > 1) for at in range(BATCHES)]


def _numbers(values: Sequence[int]) -> str:
    return f"{{{', '.join(map(str, values))}}}"


def _params(model: Model, op: BatchMatmul, constants: Constants) -> Fields:
    """Members of `struct tinyssl_batch_matmul`."""
    left, right = _sides(model, op)
    batches = () if op.dense else model.tensor(op.output).shape[:-2]
    sides = {"left": model.tensor(op.left), "right": model.tensor(op.right)}
    count = [1] * (BATCHES - len(batches)) + list(batches)
    loops: Fields = {
        "loops.count": _numbers([*count, 1]),
        "loops.left": _numbers([*_steps(left), 0]),
        "loops.right": _numbers([*_steps(right), 0]),
    }
    constant: Fields = {
        name: constants.tensor("constant", getattr(op, name)) if value.constant else "NULL"
        for name, value in sides.items()
    }
    fields: Fields = {
        **prefix_fields("sides", loops | constant),
        "rows": left.outer,
        "columns": right.outer,
        "depth": left.depth,
        "left_row": left.step,
        "left_along": left.along,
        "right_column": right.step,
        "right_along": right.along,
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
    }
    return fields | _quantisation(model, op)


def _quantisation(model: Model, op: BatchMatmul) -> Fields:
    dtype = model.tensor(op.left).dtype
    if dtype is DType.FLOAT32:
        least, most = float_range(op.activation) if op.dense else (-math.inf, math.inf)
        return {"least": float_literal(least), "most": float_literal(most)}
    multiplier = _multiplier(model, op)
    low, high = activation_range(op.activation, model.quant(op.output), dtype)
    return {
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _read(op: OperatorContext) -> BatchMatmul:
    options = op.require_options()
    left, right = op.inputs
    return BatchMatmul(
        index=op.index,
        output=op.output,
        left=left,
        right=right,
        adjoint_left=bool(options.adjX),
        adjoint_right=bool(options.adjY),
    )


def _write(op: BatchMatmul, to: Lowering) -> FileOp:
    if op.dense:
        options: dict[str, Any] = {
            "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation],
            "KeepNumDims": len(to.tensors[op.output].shape) > 2,
        }
        inputs = (op.left, op.right, -1 if op.bias is None else op.bias)
        return FileOp("FULLY_CONNECTED", 6, inputs, op.outputs, "FullyConnectedOptions", options)
    fields = {"AdjX": op.adjoint_left, "AdjY": op.adjoint_right}
    version = {DType.INT8: 2, DType.INT16: 3}.get(to.tensors[op.left].dtype, 1)
    return FileOp(op.kind, version, op.inputs, op.outputs, "BatchMatMulOptions", fields)


def _kernel(dtype: DType) -> Kernel[BatchMatmul]:
    return Kernel(
        f"batch_matmul_{SHORT[dtype]}",
        "tinyssl_batch_matmul",
        ("broadcast.h", "product_f32.h"),
        source="batch_matmul",
        supports=partial(reads, dtype),
        make_params=_params,
        variadic=True,
    )


SPEC = OpSpec(
    op=BatchMatmul,
    shapes=_shapes,
    checks=(_check,),
    macs=lambda model, op: model.tensor(op.output).elements * _sides(model, op)[0].depth,
    words=lambda _, op: activation_words(op.activation),
    kernels=tuple(map(_kernel, TYPES)),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), options="BatchMatMulOptions"),
    tflm=TflmNames("AddBatchMatMul", "batch_matmul"),
)
