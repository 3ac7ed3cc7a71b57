"""ADD_N: the sum of two and more inputs of one shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT8, DType.FLOAT32)
HEADROOM = 20
"""Bits by which the inputs are scaled up before they are rescaled"""
INPUTS_MAX = 255
"""More than any model has"""


@dataclass(frozen=True, kw_only=True)
class AddN(Op):
    """int8 inputs have one quantisation; as in TFLM the sum starts with what 0 stands for."""

    kind: ClassVar[str] = "ADD_N"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("parts", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    parts: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class _AddNFactors:
    input: Multiplier
    """To twice the scale"""
    output: Multiplier
    """From there; below one for a model that passed the verifier"""


def _factors(model: Model, op: AddN) -> _AddNFactors:
    source, target = model.quant(op.parts[0]).scale[0], model.quant(op.output).scale[0]
    twice = 2.0 * source
    return _AddNFactors(
        quantise_multiplier(source / twice), quantise_multiplier(twice / (2.0**HEADROOM * target))
    )


def _check_parts(check: OpCheck[AddN]) -> None:
    """One shape, and one quantisation of int8."""
    first = check.tensor(check.op.parts[0])
    for value in map(check.tensor, check.op.parts[1:]):
        if value.shape != first.shape:
            raise check.violation(f"shapes {list(first.shape)} and {list(value.shape)} differ")
        if first.dtype is DType.INT8 and value.quant != first.quant:
            raise check.violation(f"{first.name} and {value.name} must have the same quantisation")


def _check_sum(check: OpCheck[AddN]) -> None:
    """The sum fits int32, and its factor is below one."""
    if check.tensor(check.op.parts[0]).dtype is not DType.INT8:
        return
    bound = (len(check.op.parts) + 1) * (2**8 << (HEADROOM - 1))
    if bound > SUM_MAX:
        raise check.unsupported(f"{len(check.op.parts)} inputs; up to 14 of int8 are supported")
    if _factors(check.model, check.op).output.shift > 0:
        raise check.violation(f"the output scale is 2^-{HEADROOM - 1} of the inputs' or less")


def _integer_params(model: Model, op: AddN, _: Constants) -> Fields:
    """Members of `struct tinyssl_add_n`."""
    factors, zero = _factors(model, op), zero_point(model, op.parts[0])
    return {
        "size": model.tensor(op.output).elements,
        "count": len(op.parts),
        "start": requantise(-zero << HEADROOM, factors.input),
        "in_multiplier": factors.input.value,
        "out_multiplier": factors.output.value,
        "in_shift": factors.input.shift,
        "out_shift": factors.output.shift,
        "in_zero": zero,
        "out_zero": zero_point(model, op.output),
    }


def _float_params(model: Model, op: AddN, _: Constants) -> Fields:
    """Members of `struct tinyssl_add_n` that float32 needs."""
    return {"size": model.tensor(op.output).elements, "count": len(op.parts)}


def _supports(dtype: DType, model: Model, op: AddN) -> bool:
    return model.tensor(op.output).dtype is dtype


def _kernel(name: str, dtype: DType) -> Kernel[AddN]:
    return Kernel(
        name,
        "tinyssl_add_n",
        source="add_n",
        supports=partial(_supports, dtype),
        make_params=_integer_params if dtype is DType.INT8 else _float_params,
        variadic=True,
        overlaps=elementwise,
    )


def _read(op: OperatorContext) -> AddN:
    return AddN(index=op.index, output=op.output, parts=op.inputs)


def _write(op: AddN, _: Lowering) -> FileOp:
    return FileOp(op.kind, 1, op.inputs, op.outputs, "AddNOptions", {})


SPEC = OpSpec(
    op=AddN,
    shapes=lambda model, op: (model.tensor(op.parts[0]).shape,),
    checks=(rules.same_types, _check_parts, _check_sum),
    kernels=(_kernel("add_n_s8", DType.INT8), _kernel("add_n_f32", DType.FLOAT32)),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, INPUTS_MAX)),
    tflm=TflmNames("AddAddN", "add_n"),
)
