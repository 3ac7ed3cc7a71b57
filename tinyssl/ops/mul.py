"""MUL: two activations, or one and a constant, with broadcasting; int8 and int16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import activation_range, activation_words
from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.broadcast import broadcast, broadcast_fields, broadcast_shapes
from tinyssl.ops.common.constants import Numbers
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.pair import fold_numbers, number_kernels
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.move_error import pass_repeated

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
QUANTISED = (DType.INT8, DType.INT16)


@dataclass(frozen=True, kw_only=True)
class Mul(BinaryOp):
    """Elementwise product; int32 wraps around.

    A constant is on the right: `_read` swaps the inputs for that.
    """

    kind: ClassVar[str] = "MUL"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("left", TYPES),
        Operand("right", TYPES, (Role.ACTIVATION, Role.CONSTANT), zero_scale=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def mul_multiplier(model: Model, op: Mul) -> Multiplier:
    """Product to output: the product of the input scales over the output scale, in double."""
    left, right, output = (model.quant(i).scale[0] for i in (op.left, op.right, op.output))
    return quantise_multiplier(left * right / output)


def _check_product(check: OpCheck[Mul]) -> None:
    """The largest product, shifted by its multiplier, fits int32."""
    if check.tensor(check.op.left).dtype not in QUANTISED:
        return
    reach = prod(rules.reach(check, index) for index in check.op.inputs)
    bound = reach << max(mul_multiplier(check.model, check.op).shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the product can reach {bound}; the limit is {SUM_MAX}")


def mul_params(model: Model, op: Mul, constants: Constants) -> Fields:
    """Members of `struct tinyssl_mul`."""
    left, right, output = (model.tensor(index) for index in (op.left, op.right, op.output))
    multiplier = mul_multiplier(model, op)
    low, high = activation_range(op.activation, model.quant(op.output), output.dtype)
    return {
        **broadcast_fields({"left": left.shape, "right": right.shape}, output.shape),
        "constant": constants.tensor("constant", op.right) if right.constant else "NULL",
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "left_zero": zero_point(model, op.left),
        "right_zero": zero_point(model, op.right),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _codes(model: Model, op: Mul, inputs: Sequence[Numbers]) -> Numbers | None:
    output = model.tensor(op.output)
    if output.dtype not in QUANTISED:
        return None
    left, right = inputs
    product = (left - zero_point(model, op.left)) * (right - zero_point(model, op.right))
    scaled = requantise(product, mul_multiplier(model, op)) + zero_point(model, op.output)
    return np.clip(scaled, *activation_range(op.activation, model.quant(op.output), output.dtype))


def _supports(constant: bool, dtype: DType, model: Model, op: Mul) -> bool:
    return model.tensor(op.right).constant is constant and model.tensor(op.left).dtype is dtype


def _kernel(name: str, constant: bool, dtype: DType) -> Kernel[Mul]:
    return Kernel(
        name,
        "tinyssl_mul",
        ("mul_loops.h", "broadcast.h"),
        source="mul",
        supports=partial(_supports, constant, dtype),
        make_params=mul_params,
        overlaps=elementwise,
    )


def _read(op: OperatorContext) -> Mul:
    left, right = op.inputs
    if op.input(0).constant and not op.input(1).constant:
        left, right = right, left
    return Mul(index=op.index, output=op.output, left=left, right=right, activation=op.activation())


def _write(op: Mul, to: Lowering) -> FileOp:
    fields = {"FusedActivationFunction": ACTIVATION_NUMBERS[op.activation]}
    version = 4 if to.tensors[op.output].dtype is DType.INT16 else 3
    return FileOp(op.kind, version, op.inputs, op.outputs, "MulOptions", fields)


def _gradient(graph: Backward, op: Mul) -> None:
    """Each of both gets the error times the other."""
    error = error_before(graph, op.output, op.activation)
    for value, other in ((op.left, op.right), (op.right, op.left)):
        if graph.wants_error(value):
            pass_repeated(graph, op, value, product_of(graph, error, other))


def product_of(graph: Backward, error: int, other: int) -> int:
    """An error times a value that is repeated to its shape."""
    found = graph.temporary(error)
    graph.append(Mul(index=graph.next_index, left=error, right=other, output=found))
    return found


SPEC = OpSpec(
    op=Mul,
    shapes=broadcast_shapes,
    checks=(rules.same_types, broadcast, _check_product),
    words=lambda _, op: activation_words(op.activation),
    kernels=(
        _kernel("mul_s8", False, DType.INT8),
        _kernel("mul_constant_s8", True, DType.INT8),
        _kernel("mul_s16", False, DType.INT16),
        _kernel("mul_constant_s16", True, DType.INT16),
        *number_kernels("mul"),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), options="MulOptions"),
    tflm=TflmNames("AddMul", "mul"),
    codes=_codes,
    fold=fold_numbers(np.multiply),
    gradient=_gradient,
)
