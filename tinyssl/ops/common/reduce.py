"""What the reductions share: SUM, MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_ALL over any axes.

Axes next to each other that are all reduced, or all kept, are one loop: any axes of up to six
dimensions end as three loops over what is kept and three over what is reduced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, TypeVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal, zero_point
from tinyssl.ops.common.parts import positive_axes
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

LOOPS = 3
"""Nested loops of the C kernels over what is kept, and over what is reduced"""

SUFFIXES = {DType.INT8: "s8", DType.FLOAT32: "f32", DType.BOOL: "bool"}
"""Of the names of kernels that look for an extreme"""

ReduceT = TypeVar("ReduceT", bound="ReduceOp")
MultiplierOf = Callable[[Model, Any], Multiplier]
"""Factor from a sum of (q - zero point) to the output"""
DivisorOf = Callable[[Model, Any], int]


@dataclass(frozen=True, kw_only=True)
class ReduceOp(UnaryOp):
    """All elements along some axes become one."""

    axes: tuple[int, ...] = (1, 2)
    """From the front, ascending, each once"""
    keep_dims: bool = False
    """Whether the output keeps the reduced axes, with a length of 1"""


@dataclass(frozen=True)
class ReduceLoop:
    """One of the nested loops over the input, from the outermost."""

    count: int
    step: int
    """Elements from one round to the next"""


def reduce_loops(
    shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[list[ReduceLoop], list[ReduceLoop]]:
    """The fewest loops over the kept and over the reduced axes of a shape."""
    found: dict[bool, list[ReduceLoop]] = {False: [], True: []}
    before = None
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        reduced, step = axis in axes, prod(shape[axis + 1 :])
        loops = found[reduced]
        count = loops.pop().count * length if reduced is before else length
        loops.append(ReduceLoop(count, step))
        before = reduced
    return found[False], found[True]


def reduce_shapes(model: Model, op: ReduceOp) -> tuple[tuple[int, ...], ...]:
    """Shape of the output."""
    return (reduced_shape(model.tensor(op.input).shape, op.axes, op.keep_dims),)


def reduced_shape(shape: tuple[int, ...], axes: Sequence[int], keep_dims: bool) -> tuple[int, ...]:
    """A shape whose axes became one element, or are gone."""
    if keep_dims:
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def reduced_count(model: Model, op: ReduceOp) -> int:
    """Elements of the input that make one of the output."""
    shape = model.tensor(op.input).shape
    return prod(shape[axis] for axis in op.axes)


def reduce_words(_model: Model, op: ReduceOp) -> list[str]:
    """`axes 1,2`."""
    return [f"axes {','.join(map(str, op.axes))}"]


# Rules.


def check_axes(check: OpCheck[ReduceOp]) -> None:
    """The axes are those of the input, and the C has loops enough."""
    op = check.op
    shape = check.tensor(op.input).shape
    if any(not 0 <= axis < len(shape) for axis in op.axes):
        raise check.violation(f"axes {list(op.axes)} of {len(shape)} dimensions")
    count = max(map(len, reduce_loops(shape, op.axes)))
    if count > LOOPS:
        raise check.unsupported(
            f"axes {list(op.axes)} of the shape {list(shape)} take {count} loops; up to {LOOPS} "
            "are supported"
        )


def check_sum(multiplier_of: MultiplierOf, check: OpCheck[ReduceOp]) -> None:
    """The sum of all places, shifted by its multiplier, fits int32."""
    dtype = check.tensor(check.op.input).dtype
    if dtype is DType.FLOAT32:
        return
    low, high = INTEGERS[dtype]
    reach = (high - low) * reduced_count(check.model, check.op)
    bound = reach << max(multiplier_of(check.model, check.op).shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the sum can reach {bound}; the limit is {SUM_MAX}")


# Kernels.


def sum_multiplier(model: Model, op: ReduceOp) -> Multiplier:
    """Sum of (q - zero point) to output: input scale / output scale."""
    scale = model.quant(op.input).scale[0] / model.quant(op.output).scale[0]
    return quantise_multiplier(scale)


def mean_multiplier(model: Model, op: ReduceOp) -> Multiplier:
    """Sum of (q - zero point) to output: input scale / output scale / number of places.

    The division by the count goes into the mantissa and drops the rest, as
    `QuantizedMeanOrSum` of TFLM does.
    """
    multiplier = sum_multiplier(model, op)
    count = reduced_count(model, op)
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.shift)
    return Multiplier((multiplier.value << shift) // count, multiplier.shift - shift)


def loop_fields(model: Model, op: ReduceOp) -> Fields:
    """Members of `struct tinyssl_reduce`, the member `loops` of a parameter struct."""
    fields: Fields = {}
    loops = reduce_loops(model.tensor(op.input).shape, op.axes)
    for name, found in zip(("kept", "reduced"), loops, strict=True):
        padded = [ReduceLoop(1, 0)] * (LOOPS - len(found)) + found
        fields[f"loops.{name}.count"] = _numbers([loop.count for loop in padded])
        fields[f"loops.{name}.step"] = _numbers([loop.step for loop in padded])
    return fields


def _numbers(values: Sequence[int]) -> str:
    return f"{{{', '.join(map(str, values))}}}"


def _sum_params(
    multiplier_of: MultiplierOf, model: Model, op: ReduceOp, _constants: Constants
) -> Fields:
    """Members of `struct tinyssl_sum`."""
    multiplier = multiplier_of(model, op)
    return {
        **loop_fields(model, op),
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
    }


def _float_params(
    divisor_of: DivisorOf, model: Model, op: ReduceOp, _constants: Constants
) -> Fields:
    """Members of `struct tinyssl_sum_f32`."""
    return {**loop_fields(model, op), "divisor": float_literal(divisor_of(model, op))}


def _extreme_params(flip: int, model: Model, op: ReduceOp, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_extreme`."""
    return {**loop_fields(model, op), "flip": flip}


def _supports(dtype: DType, model: Model, op: ReduceOp) -> bool:
    return model.tensor(op.input).dtype is dtype


def sum_kernels(
    multiplier_of: MultiplierOf, divisor_of: DivisorOf = lambda _model, _op: 1
) -> tuple[Kernel[Any], ...]:
    """Kernels of SUM, or of MEAN, for int8, int16 and float32.

    Args:
        multiplier_of: From the sum of integers to the output.
        divisor_of: Of the sum of floats.
    """
    integer = partial(_sum_params, multiplier_of)
    real = partial(_float_params, divisor_of)
    return (
        _kernel("sum_s8", "tinyssl_sum", DType.INT8, integer),
        _kernel("sum_s16", "tinyssl_sum", DType.INT16, integer),
        _kernel("sum_f32", "tinyssl_sum_f32", DType.FLOAT32, real),
    )


def extreme_kernels(types: Sequence[DType], *, largest: bool) -> tuple[Kernel[Any], ...]:
    """Kernels of REDUCE_MAX or REDUCE_MIN (which is REDUCE_ALL of bool)."""
    make_params = partial(_extreme_params, 0 if largest else -1)
    return tuple(
        _kernel(f"extreme_{SUFFIXES[dtype]}", "tinyssl_extreme", dtype, make_params)
        for dtype in types
    )


def _kernel(
    name: str, struct: str, dtype: DType, make_params: Callable[[Model, Any, Constants], Fields]
) -> Kernel[Any]:
    return Kernel(
        name, struct, source="reduce", supports=partial(_supports, dtype), make_params=make_params
    )


# The file format.


def reduce_format(kind: type[ReduceT]) -> TfliteFormat[ReduceT]:
    """How the file holds a reduction."""
    return TfliteFormat(
        read=partial(_read, kind),
        write=_write,
        inputs=(2, 2),
        options="ReducerOptions",
        int32_inputs=(1,),
    )


def _read(kind: type[ReduceT], op: OperatorContext) -> ReduceT:
    return kind(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        axes=positive_axes(op, op.constant(1), len(op.input(0).shape)),
        keep_dims=bool(op.require_options().keepDims),
    )


def _write(op: ReduceOp, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axes", op.axes))
    return FileOp(op.kind, 2, inputs, op.outputs, "ReducerOptions", {"KeepDims": op.keep_dims})
