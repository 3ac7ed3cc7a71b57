"""QUANTIZE: float32 to int8 or int16, and integers to another type or quantisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Numbers
from tinyssl.ops.common.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    Multiplier,
    quantise_multiplier,
    requantise,
)
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.table import as_int8, byte_codes, table_kernel
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

INPUTS = (DType.FLOAT32, DType.INT8, DType.UINT8, DType.INT16, DType.INT32)
OUTPUTS = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32)
KERNELS = {
    (DType.FLOAT32, DType.INT8): "quantize_s8",
    (DType.FLOAT32, DType.UINT8): "quantize_u8",
    (DType.FLOAT32, DType.INT16): "quantize_s16",
    (DType.INT8, DType.INT8): "rescale_s8",
    (DType.INT8, DType.UINT8): "rescale_s8_u8",
    (DType.INT8, DType.INT16): "rescale_s8_s16",
    (DType.INT8, DType.INT32): "rescale_s8_s32",
    (DType.UINT8, DType.INT8): "rescale_u8_s8",
    (DType.UINT8, DType.UINT8): "rescale_u8",
    (DType.INT16, DType.INT8): "rescale_s16_s8",
    (DType.INT16, DType.INT16): "rescale_s16",
    (DType.INT16, DType.INT32): "rescale_s16_s32",
    (DType.INT32, DType.INT8): "rescale_s32_s8",
    (DType.INT32, DType.INT16): "rescale_s32_s16",
}
"""Types of input and output -> kernel. From float32 or uint8 to uint8 LiteRT has them, but not
TensorFlow Lite Micro"""
FLIPS = {(DType.INT8, DType.UINT8): 128, (DType.UINT8, DType.INT8): -128}
"""Types of input and output -> by how much the zero point grows where only the sign bit changes"""

QUANTIZE_FILES = ("quantize_f32.h", "fixed_point.h")

TABLE_FROM = 256
"""Elements from which 256 bytes of table are worth it"""
TYPES_HINT = (
    "no interpreter for microcontrollers does this: convert the model with int8 or float32 ends"
)


@dataclass(frozen=True, kw_only=True)
class Quantize(UnaryOp):
    """The output's quantisation says how."""

    kind: ClassVar[str] = "QUANTIZE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", INPUTS, any_zero=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", OUTPUTS, any_zero=True),)


def rescale(model: Model, op: Quantize) -> Multiplier:
    """Input scale over output scale, in double."""
    return quantise_multiplier(model.quant(op.input).scale[0] / model.quant(op.output).scale[0])


def _types(model: Model, op: Quantize) -> tuple[DType, DType]:
    return model.tensor(op.input).dtype, model.tensor(op.output).dtype


def _check_types(check: OpCheck[Quantize]) -> None:
    """There is a kernel, and the integers have a scale."""
    source, target = _types(check.model, check.op)
    if (source, target) not in KERNELS:
        raise check.unsupported(f"{source.value} to {target.value}", hint=TYPES_HINT)
    for index in (check.op.input, check.op.output):
        if check.tensor(index).dtype is not DType.FLOAT32:
            rules.legal_quant(check, index, any_zero=True)
        if check.tensor(index).dtype is DType.INT32 and zero_point(check.model, index):
            raise check.unsupported("an int32 with a zero point other than 0")


def _check_rescale(check: OpCheck[Quantize]) -> None:
    """The extreme inputs, shifted by their multiplier and scaled, fit int32."""
    source, _ = _types(check.model, check.op)
    if source is DType.FLOAT32:
        return
    multiplier = rescale(check.model, check.op)
    in_zero, out_zero = (
        zero_point(check.model, index) for index in (check.op.input, check.op.output)
    )
    for extreme in INTEGERS[source]:
        shifted = (extreme - in_zero) << max(multiplier.shift, 0)
        scaled = requantise(extreme - in_zero, multiplier) + out_zero
        for found in (shifted, scaled):
            if not INT32_MIN <= found <= INT32_MAX:
                raise check.unsupported(f"the scaled input can reach {found}, beyond 32 bits")


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


def _flip_params(model: Model, op: Quantize, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_flip`."""
    return {"size": model.tensor(op.input).elements}


def _flips(model: Model, op: Quantize) -> bool:
    """Whether each byte keeps its real value when its highest bit flips."""
    flip = FLIPS.get(_types(model, op))
    if flip is None:
        return False
    source, target = model.quant(op.input), model.quant(op.output)
    same_scale = source.scale == target.scale
    return same_scale and target.zero_point[0] - source.zero_point[0] == flip


def _outputs(model: Model, op: Quantize) -> list[int]:
    """What each byte becomes, from -128 on; bytes of uint8 as the int8 of the same bits."""
    codes = byte_codes(model.tensor(op.input).dtype)
    found: list[int] = as_int8(_rescaled(model, op, codes)).tolist()
    return found


def _rescaled(model: Model, op: Quantize, codes: Numbers) -> Numbers:
    scaled = requantise(codes - zero_point(model, op.input), rescale(model, op))
    low, high = INTEGERS[model.tensor(op.output).dtype]
    return np.clip(scaled + zero_point(model, op.output), low, high)


def _codes(model: Model, op: Quantize, inputs: Sequence[Numbers]) -> Numbers | None:
    if model.tensor(op.input).dtype is DType.FLOAT32:
        return None
    return _rescaled(model, op, inputs[0])


def _by_table(model: Model, op: Quantize) -> bool:
    """A byte becomes a byte, and the table pays: a look-up takes a fifth of a rescaling."""
    bytes_ = {dtype.bytes for dtype in _types(model, op)} == {1}
    return bytes_ and model.tensor(op.input).elements >= TABLE_FROM


def _supports(types: tuple[DType, DType], model: Model, op: Quantize) -> bool:
    return _types(model, op) == types


FLIP = Kernel(
    "flip",
    "tinyssl_flip",
    QUANTIZE_FILES,
    source="quantize",
    supports=_flips,
    make_params=_flip_params,
    any_type=True,
    overlaps=elementwise,
)


TABLE = replace(table_kernel(_outputs), supports=_by_table, any_type=True)


def _kernel(name: str, types: tuple[DType, DType]) -> Kernel[Quantize]:
    floats = types[0] is DType.FLOAT32
    return Kernel(
        name,
        "tinyssl_quantize" if floats else "tinyssl_rescale",
        QUANTIZE_FILES,
        source="quantize",
        supports=partial(_supports, types),
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
    checks=(_check_types, _check_rescale),
    words=lambda model, op: [" to ".join(dtype.value for dtype in _types(model, op))],
    codes=_codes,
    kernels=(FLIP, TABLE, *(_kernel(name, types) for types, name in KERNELS.items())),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1)),
    tflm=TflmNames("AddQuantize", "quantize"),
)
