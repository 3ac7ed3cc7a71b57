"""QUANTIZE: float32 to int8 or int16, and int8 or int16 to another quantisation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

QUANTISED = (DType.INT8, DType.INT16)


@dataclass(frozen=True, kw_only=True)
class Quantize(UnaryOp):
    """The output's quantisation says how."""

    kind: ClassVar[str] = "QUANTIZE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.FLOAT32, *QUANTISED)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", QUANTISED),)


def rescale(model: Model, op: Quantize) -> Multiplier:
    """Input scale over output scale, in double."""
    return quantise_multiplier(model.quant(op.input).scale[0] / model.quant(op.output).scale[0])


def _check_rescale(check: OpCheck[Quantize]) -> None:
    """The largest input, shifted by its multiplier, fits int32."""
    dtype = check.tensor(check.op.input).dtype
    if dtype is DType.FLOAT32:
        return
    low, high = INTEGERS[dtype]
    zero = zero_point(check.model, check.op.input)
    bound = max(zero - low, high - zero) << max(rescale(check.model, check.op).shift, 0)
    if bound > SUM_MAX - INTEGERS[DType.INT16][1]:
        raise check.unsupported(f"the scaled input can reach {bound}; the limit is {SUM_MAX}")


def _float_params(model: Model, op: Quantize, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_quantize`."""
    quant = model.quant(op.output)
    return {
        "size": model.tensor(op.input).elements,
        "scale": float_literal(quant.scale[0]),
        "out_zero": quant.zero_point[0],
    }


def _integer_params(model: Model, op: Quantize, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_rescale`."""
    multiplier = rescale(model, op)
    return {
        "size": model.tensor(op.input).elements,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
    }


def _supports(source: DType, target: DType, model: Model, op: Quantize) -> bool:
    return (model.tensor(op.input).dtype, model.tensor(op.output).dtype) == (source, target)


def _kernel(name: str, source: DType, target: DType) -> Kernel[Quantize]:
    floats = source is DType.FLOAT32
    return Kernel(
        name,
        "tinyssl_quantize" if floats else "tinyssl_rescale",
        source="quantize",
        supports=partial(_supports, source, target),
        make_params=_float_params if floats else _integer_params,
        overlaps=elementwise,
    )


def _read(op: OperatorContext) -> Quantize:
    return Quantize(index=op.index, output=op.output, input=op.inputs[0])


def _write(op: Quantize, to: Lowering) -> FileOp:
    wide = DType.INT16 in (to.tensors[op.input].dtype, to.tensors[op.output].dtype)
    return FileOp(op.kind, 2 if wide else 1, op.inputs, op.outputs, "QuantizeOptions", {})


SPEC = OpSpec(
    op=Quantize,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(_check_rescale,),
    words=lambda model, op: [
        f"{model.tensor(op.input).dtype.value} to {model.tensor(op.output).dtype.value}"
    ],
    kernels=(
        _kernel("quantize_s8", DType.FLOAT32, DType.INT8),
        _kernel("quantize_s16", DType.FLOAT32, DType.INT16),
        _kernel("rescale_s8", DType.INT8, DType.INT8),
        _kernel("rescale_s8_s16", DType.INT8, DType.INT16),
        _kernel("rescale_s16_s8", DType.INT16, DType.INT8),
        _kernel("rescale_s16", DType.INT16, DType.INT16),
    ),
    tflite=TfliteFormat(read=_read, write=_write, max_version=3, inputs=(1, 1)),
    tflm=TflmNames("AddQuantize", "quantize"),
)
