"""SOFTMAX over the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Quant
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SHIFT_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Array, Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

Reals = NDArray[np.float64]

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Softmax(UnaryOp):
    """exp(beta * x) over the sum of the row; the output's scale and zero point are `OUTPUTS`."""

    kind: ClassVar[str] = "SOFTMAX"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, any_zero=True),)

    beta: float = 1.0


OUTPUTS = {
    (DType.INT8, DType.INT8): Quant((1 / 256,), (-128,)),
    (DType.INT8, DType.INT16): Quant((1 / 65536,), (-32768,)),
    (DType.INT16, DType.INT16): Quant((1 / 32768,), (0,)),
}
"""Types of input and output -> the output's quantisation. That of an int16 output may be off by
`SCALE_TOLERANCE`: its kernels do not use it"""

SCALE_TOLERANCE = 1e-3
"""Relative"""

INTEGER_BITS = 5
"""Differences to the maximum are Q5.26"""

SHALLOW = 2**9 - 1
"""Up to this depth the sum of exponentials stays below 2^28 in Q12.19, and the last shift below 32:
with 512 equal inputs TFLM's own kernel ends the process, and on a microcontroller gives nonsense"""

DEPTHS = {
    (DType.INT8, DType.INT16): 2**12 - 1,
    (DType.INT16, DType.INT16): 2**16 - 1,
}
"""Largest depth whose sum of exponentials fits int32, where more would be wrong"""

INT16_SPAN = 2**16 - 1

FIXED_FILES = ("softmax.h", "softmax_fixed.h", "fixed_functions.h")

TABLE_STEPS = 512

EXPONENT_SPAN = 10.0
"""exp(-10) and less count as the table's last place"""


@dataclass(frozen=True)
class Exponent:
    """Difference to the maximum -> Q5.26; differences below `diff_min` count as exp = 0."""

    multiplier: Multiplier
    diff_min: int


def exponent(scale: float, beta: float = 1.0) -> Exponent:
    """Of inputs with a scale (PreprocessSoftmaxScaling, CalculateInputRadius)."""
    fraction = 31 - INTEGER_BITS
    real = float(np.float32(beta)) * scale * 2.0**fraction
    multiplier = quantise_multiplier(min(real, 2.0**31 - 1.0))
    radius = (2.0**INTEGER_BITS - 1) * 2.0**fraction / 2.0**multiplier.shift
    # At 2^31 only differences of 0 remain, which any shift leaves 0: keep the C shift legal.
    kept = Multiplier(multiplier.value, min(multiplier.shift, 30))
    return Exponent(kept, -math.floor(radius))


def int16_multiplier(model: Model, op: Softmax) -> Multiplier:
    """Scale of the exponent to steps of the table's span, of int16 inputs."""
    beta, scale = float(np.float32(op.beta)), model.quant(op.input).scale[0]
    return quantise_multiplier(scale * beta / (EXPONENT_SPAN / INT16_SPAN))


def exponential_table() -> NDArray[np.int16]:
    """exp(x) in Q0.15 for x from -10 to 0, at 513 places."""
    return _table(-EXPONENT_SPAN, np.exp)


def reciprocal_table() -> NDArray[np.int16]:
    """1 / (1 + x) in Q0.15 for x from 0 to 1, at 513 places."""
    return _table(1.0, lambda x: 1 / (1 + x))


def _table(
    end: float, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.int16]:
    """A function from 0 to `end`, from the lesser one on, at 513 places (`LUTPopulateInt16`).

    The places are moved by half of what a straight line is off at its middle. All is taken in
    float32.
    """
    real = np.float32
    scale = real(abs(end)) / real(INT16_SPAN)
    least = real(min(end, 0.0) and -INT16_SPAN) * scale
    most = real(max(end, 0.0) and INT16_SPAN) * scale
    step = (most - least) / real(TABLE_STEPS)
    unit = real(2) / real(INT16_SPAN)
    factor = real(2**16) / (real(2**15 - 1) * unit - real(-(2**15)) * unit)

    def value(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return function(x.astype(np.float64)).astype(real) * factor

    starts = least + np.arange(TABLE_STEPS, dtype=real) * step
    ends = least + np.arange(1, TABLE_STEPS + 1, dtype=real) * step
    first = _rounded(value(starts))
    between = _rounded((value(ends) + first) / real(2))
    off = between - _rounded(value(starts + step / real(2)))
    last = _rounded(value(np.array([most], real)))
    found = np.concatenate([first - _rounded(off / real(2)), last])
    return found.clip(-(2**15), 2**15 - 1).astype(np.int16)


def _rounded(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halves away from zero."""
    return np.copysign(np.floor(np.abs(x) + np.float32(0.5)), x)


def _exponent(model: Model, op: Softmax) -> Exponent:
    return exponent(model.quant(op.input).scale[0], op.beta)


def _check(check: OpCheck[Softmax]) -> None:
    """The output's quantisation; depth and scale inside the fixed-point formats."""
    op = check.op
    types = (check.tensor(op.input).dtype, check.tensor(op.output).dtype)
    if types == (DType.FLOAT32, DType.FLOAT32):
        return
    if types not in OUTPUTS:
        raise check.unsupported(f"{types[0].value} inputs with {types[1].value} outputs")
    quant, wanted = check.quant(op.output), OUTPUTS[types]
    tolerance = SCALE_TOLERANCE * wanted.scale[0] * (types[1] is DType.INT16)
    off = abs(quant.scale[0] - wanted.scale[0]) > tolerance
    if off or quant.zero_point != wanted.zero_point:
        raise check.violation(
            f"output has scale {quant.scale[0]:g}, zero point {quant.zero_point[0]}; "
            f"they must be 1/{1 / wanted.scale[0]:g} and {wanted.zero_point[0]}"
        )
    shape = check.tensor(op.input).shape
    if not shape:
        raise check.violation("its input has no dimensions")
    depth, most = shape[-1], DEPTHS.get(types)
    if most is not None and depth > most:
        raise check.unsupported(f"{depth} elements; up to {most} are supported")
    if types[0] is DType.INT16:
        if not op.beta > 0 or int16_multiplier(check.model, op).shift > SHIFT_MAX:
            raise check.unsupported(f"beta {op.beta:g} times the input scale is 0 or too large")
    elif not op.beta > 0 or _exponent(check.model, op).multiplier.shift < 1:
        raise check.unsupported(f"beta {op.beta:g} times the input scale is below 2^-26")


def _supports(types: tuple[DType, DType], deep: bool, model: Model, op: Softmax) -> bool:
    source = model.tensor(op.input)
    found = (source.dtype, model.tensor(op.output).dtype)
    return found == types and (deep or source.shape[-1] <= SHALLOW)


def _sizes(model: Model, op: Softmax) -> Fields:
    source = model.tensor(op.input)
    return {"rows": source.elements // source.shape[-1], "depth": source.shape[-1]}


def _params(model: Model, op: Softmax, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_softmax`."""
    factors = _exponent(model, op)
    return {
        **_sizes(model, op),
        "multiplier": factors.multiplier.value,
        "shift": factors.multiplier.shift,
        "diff_min": factors.diff_min,
    }


def _int16_params(model: Model, op: Softmax, constants: Constants) -> Fields:
    """Members of `struct tinyssl_softmax_s16`; all operators of a model share the tables."""
    multiplier = int16_multiplier(model, op)
    return {
        **_sizes(model, op),
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "exponential": _interned("softmax_exponential", exponential_table(), constants),
        "reciprocal": _interned("softmax_reciprocal", reciprocal_table(), constants),
    }


def _interned(name: str, table: NDArray[np.int16], constants: Constants) -> str:
    return constants.intern(Array(name, "int16_t", table, table.shape, "SOFTMAX"))


def _float_params(model: Model, op: Softmax, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_softmax_f32`."""
    return {**_sizes(model, op), "beta": float_literal(op.beta)}


def _read(op: OperatorContext) -> Softmax:
    return Softmax(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        beta=float(op.require_options().beta),
    )


def _write(op: Softmax, to: Lowering) -> FileOp:
    wide = to.tensors[op.output].dtype is DType.INT16
    return FileOp(
        op.kind, 3 if wide else 2, op.inputs, op.outputs, "SoftmaxOptions", {"Beta": op.beta}
    )


def _wide(name: str, target: DType) -> Kernel[Softmax]:
    return Kernel(
        name,
        "tinyssl_softmax",
        FIXED_FILES,
        source="softmax_wide",
        supports=partial(_supports, (DType.INT8, target), True),
        make_params=_params,
    )


SPEC = OpSpec(
    op=Softmax,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(_check,),
    kernels=(
        Kernel(
            "softmax_s8",
            "tinyssl_softmax",
            FIXED_FILES,
            supports=partial(_supports, (DType.INT8, DType.INT8), False),
            make_params=_params,
        ),
        _wide("softmax_deep_s8", DType.INT8),
        _wide("softmax_s8_s16", DType.INT16),
        Kernel(
            "softmax_s16",
            "tinyssl_softmax_s16",
            supports=partial(_supports, (DType.INT16, DType.INT16), True),
            make_params=_int16_params,
        ),
        Kernel(
            "softmax_f32",
            "tinyssl_softmax_f32",
            supports=partial(_supports, (DType.FLOAT32, DType.FLOAT32), True),
            make_params=_float_params,
        ),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1), options="SoftmaxOptions"),
    tflm=TflmNames("AddSoftmax", "softmax"),
    ulps=2,
)
