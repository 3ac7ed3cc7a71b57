"""Operators of two inputs with broadcasting: their kernels, files and specifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import (
    INTEGERS,
    REAL_RANGES,
    Activation,
    activation_words,
    float_range,
)
from tinyssl.ops.common.bases import BinaryOp, PairOp
from tinyssl.ops.common.broadcast import (
    broadcast,
    broadcast_fields,
    broadcast_shape,
    broadcast_shapes,
)
from tinyssl.ops.common.constants import Arrays, Codes, Fold, Numbers, input_arrays
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal, prefix_fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)

PairT = TypeVar("PairT", bound=PairOp)

SHORT = {
    DType.INT8: "s8",
    DType.INT16: "s16",
    DType.INT32: "s32",
    DType.INT64: "s64",
    DType.FLOAT32: "f32",
    DType.BOOL: "bool",
    DType.UINT32: "u32",
}
"""Ends of the kernels' names"""


def side_fields(model: Model, op: PairOp, constants: Constants) -> Fields:
    """The member `sides` of a parameter struct."""
    left, right = model.tensor(op.left), model.tensor(op.right)
    shapes = {"left": left.shape, "right": right.shape}
    return prefix_fields(
        "sides",
        {
            **broadcast_fields(shapes, model.tensor(op.output).shape),
            "left": constants.tensor("constant", op.left) if left.constant else "NULL",
            "right": constants.tensor("constant", op.right) if right.constant else "NULL",
        },
    )


def reads(dtype: DType, model: Model, op: PairOp) -> bool:
    """Whether the left input is of this element type."""
    return model.tensor(op.left).dtype is dtype


@dataclass(frozen=True)
class PairFile:
    """A C file of kernels for pairs, and the parameter struct of some of them."""

    source: str
    struct: str = "tinyssl_pair"
    fields: Callable[[Model, Any], Fields] = lambda _model, _op: {}
    """Members of the struct after `sides`"""
    prefix: str = ""
    """Of the functions' names"""
    headers: tuple[str, ...] = ()
    """Further files that it needs"""

    def kernel(self, name: str, dtype: DType) -> Kernel[Any]:
        """`tinyssl_<prefix><name>_<type>`, for inputs of a type."""

        def params(model: Model, op: PairOp, constants: Constants) -> Fields:
            return {**side_fields(model, op, constants), **self.fields(model, op)}

        return Kernel(
            f"{self.prefix}{name}_{SHORT[dtype]}",
            self.struct,
            ("broadcast.h", *self.headers),
            source=self.source,
            supports=partial(reads, dtype),
            make_params=params,
            variadic=True,
            overlaps=elementwise,
        )

    def kernels(self, name: str, *types: DType) -> tuple[Kernel[Any], ...]:
        """One kernel a type."""
        return tuple(self.kernel(name, dtype) for dtype in types)


def _integer_clamp(_: Model, op: BinaryOp) -> Fields:
    """Of int32 (CalculateActivationRange)."""
    low, high = REAL_RANGES[op.activation]
    least, most = INTEGERS[DType.INT32]
    return {
        "out_min": _int32(least if low is None else int(low)),
        "out_max": _int32(most if high is None else int(high)),
    }


def _int32(value: int) -> int | str:
    return "INT32_MIN" if value == INTEGERS[DType.INT32][0] else value


def _float_clamp(_: Model, op: BinaryOp) -> Fields:
    """Of float32: infinities become the largest numbers, as in TFLM."""
    low, high = float_range(op.activation)
    return {"out_min": float_literal(low), "out_max": float_literal(high)}


COMPARE = PairFile("compare")
INT32 = PairFile("arithmetic", "tinyssl_pair_s32", _integer_clamp)
FLOAT32 = PairFile("arithmetic", "tinyssl_pair_f32", _float_clamp)
ARITHMETIC = PairFile("arithmetic")


def number_kernels(name: str) -> tuple[Kernel[Any], ...]:
    """The int32 and float32 kernels of ADD, SUB, MUL or DIV."""
    return (INT32.kernel(name, DType.INT32), FLOAT32.kernel(name, DType.FLOAT32))


def one_input_type(check: OpCheck[PairOp]) -> None:
    """Both inputs are of one element type."""
    left, right = (check.tensor(index).dtype for index in (check.op.left, check.op.right))
    if left is not right:
        raise check.unsupported(f"inputs are {left.value} and {right.value}; one type is needed")


def pair_spec(
    op: type[PairT],
    kernels: tuple[Kernel[PairT], ...],
    tflm: TflmNames[PairT],
    *,
    checks: tuple[Callable[[OpCheck[PairT]], None], ...] = (rules.same_types,),
    codes: Codes | None = None,
    fold: Callable[[Any, Any], Any] | None = None,
) -> OpSpec[PairT]:
    """The specification of an operator of two inputs.

    Args:
        op: Its dataclass; a `BinaryOp` has a fused activation in its options.
        kernels: By element type.
        tflm: Its names in TFLM.
        checks: Rules beside broadcasting.
        codes: As `OpSpec.codes`.
        fold: Of arrays of numbers without a quantisation, by numpy; None where it does not know.
    """
    return OpSpec(
        op=op,
        shapes=broadcast_shapes,
        checks=(*checks, broadcast),
        words=lambda _, op: activation_words(op.activation) if isinstance(op, BinaryOp) else [],
        kernels=kernels,
        tflite=pair_format(op),
        tflm=tflm,
        codes=codes,
        fold=fold and fold_numbers(fold),
    )


def fold_numbers(function: Callable[[Any, Any], Any]) -> Fold:
    """`OpSpec.fold` of numbers without a quantisation."""
    return partial(_folded, function)


def _folded(
    function: Callable[[Any, Any], Any], values: Sequence[Value], op: PairOp
) -> Arrays | None:
    """None where the numbers stand for others, a fused activation clamps them, or shapes differ."""
    output = values[op.output]
    clamped = isinstance(op, BinaryOp) and op.activation is not Activation.NONE
    if clamped or values[op.left].dtype in (DType.INT8, DType.INT16):
        return None
    left, right = input_arrays(values, op)
    if broadcast_shape([left.shape, right.shape]) != output.shape:
        return None
    result = function(left, right)
    return None if result is None else [np.asarray(result, output.dtype.value)]


def stored_codes(function: Callable[[Numbers, Numbers], Numbers]) -> Codes:
    """`OpSpec.codes` of a function of numbers as they are stored."""

    def codes(model: Model, op: PairOp, inputs: Sequence[Numbers]) -> Numbers | None:
        known = (*INTEGERS, DType.BOOL)
        return function(*inputs) if model.tensor(op.left).dtype in known else None

    return codes


def fold_quotient(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A quotient or remainder of whole numbers; None of others, and where a divisor is 0."""
    if left.dtype.kind == "f" or not right.all():
        return None
    return function(left, right)


def pair_format(op: type[PairT]) -> TfliteFormat[PairT]:
    """How an operator of two inputs is read and written, with its fused activation if it has one.

    A `BinaryOp` has its activation in a table of the schema that is named as it is.
    """
    options = f"{op.kind.title()}Options" if issubclass(op, BinaryOp) else ""

    def read(context: OperatorContext) -> PairT:
        left, right = context.inputs
        given = {"activation": context.activation()} if issubclass(op, BinaryOp) else {}
        return op(index=context.index, output=context.output, left=left, right=right, **given)

    def write(found: PairT, to: Lowering) -> FileOp:
        fields = {}
        if isinstance(found, BinaryOp):
            fields = {"FusedActivationFunction": ACTIVATION_NUMBERS[found.activation]}
        version = {DType.INT8: 2, DType.INT16: 3}.get(to.tensors[found.left].dtype, 1)
        return FileOp(found.kind, version, found.inputs, found.outputs, options, fields)

    return TfliteFormat(read=read, write=write, inputs=(2, 2), options=options)
