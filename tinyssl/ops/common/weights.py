"""Operators with weights: their constants, rules, parameters, and the bound of the accumulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, ValueKind
from tinyssl.graph.types import FLOAT_HINT
from tinyssl.ops.common.activation import INTEGERS, Activation, activation_range
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import (
    INT32_MAX,
    SHIFT_MAX,
    SUM_MAX,
    Multiplier,
    quantise_multiplier,
)
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.rules import legal_quant
from tinyssl.ops.common.tflite import Lowering, OperatorContext

ACTIVATIONS = (DType.INT8, DType.INT16, DType.FLOAT32)
"""Element types of inputs and outputs"""

WEIGHTS = {DType.INT8: DType.INT8, DType.INT16: DType.INT8, DType.FLOAT32: DType.FLOAT32}
"""Type of the activations -> type of the weights"""

BIASES = {
    DType.INT8: (DType.INT32,),
    DType.INT16: (DType.INT64, DType.INT32),
    DType.FLOAT32: (DType.FLOAT32,),
}
"""Type of the activations -> types of the bias"""

SUM_TYPE_UNSET, SUM_TYPE_INT32 = 0, 2
"""`quantizedBiasType` of the schema"""

WIDE_MAX = 2**47 - 1
"""Largest sum of int16 activations that TFLM requantises"""

WIDE_SHIFT_MAX = 7
"""Its largest left shift"""


@dataclass(frozen=True, kw_only=True)
class WeightedOp(UnaryOp):
    """One activation in, constant weights, an optional bias, a fused activation.

    Where the layer learns on the device, its bias, or both, are parameters in float32.
    """

    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", ACTIVATIONS),
        Operand("weight", (DType.INT8, DType.FLOAT32), (Role.CONSTANT, Role.PARAMETER)),
        Operand("bias", (DType.INT32, DType.INT64, DType.FLOAT32), (Role.CONSTANT, Role.PARAMETER)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", ACTIVATIONS),)
    channel_axis: ClassVar[int] = 0
    """Axis of the weights along which the output channels lie"""

    weight: int
    bias: int | None
    activation: Activation = Activation.NONE


def trained(model: Model, op: WeightedOp) -> tuple[int, ...]:
    """What of a layer's weight and bias is a parameter, in this order."""
    values = (op.weight,) if op.bias is None else (op.weight, op.bias)
    return tuple(i for i in values if model.tensor(i).kind is ValueKind.PARAMETER)


def has_learnt(model: Model, op: Op) -> bool:
    """Whether an operator of the inference has weights or biases that are parameters."""
    return isinstance(op, WeightedOp) and bool(trained(model, op))


def channel_multipliers(model: Model, op: WeightedOp) -> list[Multiplier]:
    """Accumulator to output, one for each output channel (one in all for per-tensor weights).

    All in double, FULLY_CONNECTED too: older versions of TFLM took that product in float32.
    """
    source, weight = model.quant(op.input), model.quant(op.weight)
    target = model.quant(op.output).scale[0]
    return [quantise_multiplier(source.scale[0] * scale / target) for scale in weight.scale]


def weight_fields(model: Model, op: WeightedOp, constants: Constants) -> Fields:
    """Members `weight`, `bias`, `multiplier`, `shift` of a parameter struct."""
    return {
        "weight": constants.tensor("weight", op.weight),
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
        **scale_fields(model, op, model.tensor(op.output).shape[-1], constants),
    }


def scale_fields(model: Model, op: WeightedOp, channels: int, constants: Constants) -> Fields:
    """Members `multiplier` and `shift` of a parameter struct, for each channel."""
    multipliers = channel_multipliers(model, op)
    if len(multipliers) == 1:
        multipliers = multipliers * channels
    values = [multiplier.value for multiplier in multipliers]
    shifts = [multiplier.shift for multiplier in multipliers]
    return {
        "multiplier": constants.table("multiplier", op, "int32_t", values),
        "shift": constants.table("shift", op, "int8_t", shifts),
    }


def quant_fields(model: Model, op: WeightedOp) -> Fields:
    """Members `in_zero`, `out_zero`, `out_min`, `out_max` of a parameter struct."""
    low, high = activation_range(
        op.activation, model.quant(op.output), model.tensor(op.output).dtype
    )
    return {
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def file_inputs(op: WeightedOp, source: int) -> tuple[int, ...]:
    """Inputs as the file has them, the first of which may be padded."""
    return (source, op.weight) if op.bias is None else (source, op.weight, op.bias)


def file_version(op: WeightedOp, to: Lowering, versions: dict[DType, int]) -> int:
    """Lowest version of the operator that holds its type of activations."""
    return versions[to.tensors[op.input].dtype]


def read_sum_type(op: OperatorContext) -> None:
    """Refuses sums of 32 bits that only an option asks for: without a bias TFLM looks there."""
    wanted = getattr(op.require_options(), "quantizedBiasType", SUM_TYPE_UNSET)
    narrow = wanted == SUM_TYPE_INT32 and op.optional(2) is None
    if narrow and op.input(0).dtype is DType.INT16:
        raise op.unsupported("int16 activations without a bias, summed in 32 bits")


def weights(check: OpCheck[WeightedOp]) -> None:
    """Constants of the types that go with the activations' one; the bias too.

    Quantised ones have one scale, or one for each channel. TFLM takes no zero point off them.
    """
    op, axis = check.op, check.op.channel_axis
    source, target, weight = (check.tensor(i) for i in (op.input, op.output, op.weight))
    if source.dtype is not target.dtype:
        raise check.unsupported(
            f"the input is {source.dtype.value}, the output {target.dtype.value}; "
            "one type is needed"
        )
    wanted = WEIGHTS[source.dtype]
    if weight.data is None or weight.dtype is not wanted:
        kind = "" if weight.constant else "computed "
        hybrid = source.dtype is DType.FLOAT32 and weight.dtype is DType.INT8
        raise check.unsupported(
            f"weights {weight.name} must be {wanted.value} constants where the input is "
            f"{source.dtype.value}, not {kind}{weight.dtype.value}"
            + (": only its weights are quantised" if hybrid else ""),
            hint=FLOAT_HINT,
        )
    channels = weight.shape[axis]
    if wanted is DType.INT8:
        _weight_quant(check, channels)
    if op.bias is not None:
        _bias(check, op.bias, channels)


def _weight_quant(check: OpCheck[WeightedOp], channels: int) -> None:
    op, axis = check.op, check.op.channel_axis
    weight = check.tensor(op.weight)
    legal_quant(check, op.weight, zero_scale=True)
    quant = check.quant(op.weight)
    if quant.per_channel and (len(quant.scale) != channels or quant.axis != axis):
        raise check.violation(
            f"weights {weight.name} have {len(quant.scale)} scales on axis {quant.axis}; "
            f"{channels} on axis {axis} are expected"
        )


def _bias(check: OpCheck[WeightedOp], index: int, channels: int) -> None:
    """Constants, one for each channel. Their scale is input scale * weight scale whatever the file
    says, as in TFLM.
    """
    bias = check.tensor(index)
    types = BIASES[check.tensor(check.op.input).dtype]
    if bias.data is None or bias.dtype not in types or bias.elements != channels:
        names = " or ".join(dtype.value for dtype in types)
        raise check.violation(
            f"bias {bias.name} ({bias.dtype.value}, {bias.elements} elements) must be {channels} "
            f"{names} constants"
        )


def accumulator(check: OpCheck[WeightedOp]) -> None:
    """The multipliers are in TFLM's range, and sums of 64 bits too.

    Sums of 32 bits may pass their range: `sums_fit` chooses the kernel.
    """
    model, op = check.model, check.op
    dtype = check.tensor(op.input).dtype
    if dtype is DType.FLOAT32:
        return
    shift = max(multiplier.shift for multiplier in channel_multipliers(model, op))
    wide = dtype is DType.INT16 and has_wide_sums(model, op)
    most = WIDE_SHIFT_MAX if wide else SHIFT_MAX
    if shift > most:
        raise check.unsupported(
            f"the accumulator is multiplied by up to 2^{shift}; the limit is 2^{most}",
            hint="the output scale is too small for this layer: calibrate on more images",
        )
    if wide:
        low, high = accumulator_bounds(model, op)
        reach = max(-int(low.min()), int(high.max()))
        if reach > WIDE_MAX:
            raise check.unsupported(
                f"the accumulator can reach {reach}; the limit is {WIDE_MAX}",
                hint="use fewer input channels or smaller biases in this layer",
            )


def has_wide_sums(model: Model, op: WeightedOp) -> bool:
    """Whether sums of int16 activations have 64 bits: not with a bias of 32."""
    return op.bias is None or model.tensor(op.bias).dtype is DType.INT64


def sums_fit(model: Model, op: WeightedOp) -> bool:
    """Whether no sum of int8 activations, shifted by its multiplier, can pass int32.

    That holds whatever the input and the order of addition.
    """
    low, high = accumulator_bounds(model, op)
    shifts = [max(multiplier.shift, 0) for multiplier in channel_multipliers(model, op)]
    worst = [int(size) for size in np.maximum(-low, high)]
    shifts = shifts if len(shifts) == len(worst) else shifts * len(worst)
    return all(
        size <= INT32_MAX and size << shift <= SUM_MAX
        for size, shift in zip(worst, shifts, strict=True)
    )


def sum_words(model: Model, op: WeightedOp) -> list[str]:
    """`sums wrap`, for the comment of a kernel call, where one can pass int32."""
    narrow = model.tensor(op.input).dtype is DType.INT8
    return [] if not narrow or sums_fit(model, op) else ["sums wrap"]


def input_range(model: Model, index: int) -> tuple[int, int]:
    """Smallest and largest number that a value can have, with its zero point between.

    A fused activation of the operator that writes it narrows the type's range.
    """
    value = model.tensor(index)
    zero = zero_point(model, index)
    low, high = INTEGERS[value.dtype]
    writer = next((op for op in model.ops if index in op.outputs), None)
    activation = getattr(writer, "activation", None)
    if isinstance(activation, Activation):
        low, high = activation_range(activation, model.quant(index), value.dtype)
    return min(low, zero), max(high, zero)


def signed_sums(rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of the positive and of the negative weights of each row, int64 (rows,)."""
    return (
        np.maximum(rows, 0).sum(axis=1, dtype=np.int64),
        np.minimum(rows, 0).sum(axis=1, dtype=np.int64),
    )


def accumulator_bounds(model: Model, op: WeightedOp) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Smallest and largest sum of each output channel over all inputs.

    Partial sums stay inside too, in any order: only terms of one sign are added up.

    Returns:
        Two int64 arrays (channels,), low not above 0, high not below 0.
    """
    weight = model.tensor(op.weight).array()
    axis = op.channel_axis
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    zero = zero_point(model, op.input)
    # One end is not above 0, the other not below, as the zero point lies between.
    least, most = (end - zero for end in input_range(model, op.input))
    positive, negative = signed_sums(rows)
    low = positive * least + negative * most
    high = positive * most + negative * least
    if op.bias is not None:
        bias = model.tensor(op.bias).array().astype(np.int64).ravel()
        low, high = low + bias.clip(max=0), high + bias.clip(min=0)
    return low, high
