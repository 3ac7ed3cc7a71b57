"""CUMSUM: running sums along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.parts import read_axis
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

CUMSUM_TYPES = (DType.INT8, DType.FLOAT32)
UNITS = 19
"""Sums are in 2^-19 of an input's step"""


@dataclass(frozen=True, kw_only=True)
class Cumsum(UnaryOp):
    """Each element becomes the sum of those before it and itself."""

    kind: ClassVar[str] = "CUMSUM"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", CUMSUM_TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", CUMSUM_TYPES),)

    axis: int
    """From the front"""
    exclusive: bool = False
    """Without itself"""
    reverse: bool = False
    """Of those behind it"""


def cumsum_multiplier(model: Model, op: Cumsum) -> Multiplier:
    """Sum to output, in double."""
    scale = model.quant(op.input).scale[0] / model.quant(op.output).scale[0]
    return quantise_multiplier(scale / 2**UNITS)


def _check_sum(check: OpCheck[Cumsum]) -> None:
    """The largest sum fits int32, and the multiplier is below 1."""
    op, source = check.op, check.tensor(check.op.input)
    if source.dtype is DType.FLOAT32:
        return
    zero = zero_point(check.model, op.input)
    bound = (abs(zero) + max(127 - zero, zero + 128) * source.shape[op.axis]) << UNITS
    if bound > SUM_MAX:
        raise check.unsupported(f"a sum can reach {bound}; the limit is {SUM_MAX}")
    if cumsum_multiplier(check.model, op).shift > 0:
        raise check.unsupported("the output's scale is below 2^-19 of the input's")


def _params(model: Model, op: Cumsum, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_cumsum`."""
    shape, quantised = model.tensor(op.input).shape, model.tensor(op.input).dtype is DType.INT8
    multiplier = cumsum_multiplier(model, op) if quantised else Multiplier(0, 0)
    return {
        "outers": prod(shape[: op.axis]),
        "length": shape[op.axis],
        "inners": prod(shape[op.axis + 1 :]),
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "in_zero": zero_point(model, op.input) if quantised else 0,
        "out_zero": zero_point(model, op.output) if quantised else 0,
        "exclusive": int(op.exclusive),
        "reverse": int(op.reverse),
    }


def _kernel(name: str, dtype: DType) -> Kernel[Cumsum]:
    return Kernel(
        name,
        "tinyssl_cumsum",
        source="cumsum",
        make_params=_params,
        supports=lambda model, op: model.tensor(op.input).dtype is dtype,
        overlaps=elementwise,
    )


def _read(op: OperatorContext) -> Cumsum:
    options = op.require_options()
    return Cumsum(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        axis=read_axis(op, 1, len(op.input(0).shape)),
        exclusive=bool(options.exclusive),
        reverse=bool(options.reverse),
    )


def _write(op: Cumsum, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axis", op.axis))
    fields = {"Exclusive": op.exclusive, "Reverse": op.reverse}
    return FileOp(op.kind, 1, inputs, op.outputs, "CumsumOptions", fields)


SPEC = OpSpec(
    op=Cumsum,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(rules.same_types, _check_sum),
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(_kernel("cumsum_s8", DType.INT8), _kernel("cumsum_f32", DType.FLOAT32)),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(2, 2),
        options="CumsumOptions",
        int32_inputs=(1,),
    ),
    tflm=TflmNames("AddCumSum", "cumsum"),
)
