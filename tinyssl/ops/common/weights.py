"""Operators with weights: their constants, rules, parameters, and the bound of the accumulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common.activation import Activation, activation_range
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    SUM_MAX,
    Multiplier,
    quantise_multiplier,
)
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.rules import legal_quant

SHIFT_MAX = 30


@dataclass(frozen=True, kw_only=True)
class WeightedOp(UnaryOp):
    """One activation in, int8 weights, an optional int32 bias, a fused activation."""

    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input"),
        Operand("weight", roles=(Role.CONSTANT,)),
        Operand("bias", (DType.INT32,), (Role.CONSTANT,)),
    )
    channel_axis: ClassVar[int] = 0
    """Axis of the weights along which the output channels lie"""

    weight: int
    bias: int | None
    activation: Activation = Activation.NONE


def channel_multipliers(model: Model, op: WeightedOp) -> list[Multiplier]:
    """Accumulator to output, one for each output channel (one in all for per-tensor weights).

    All in double, FULLY_CONNECTED too: older versions of TFLM took that product in float32.
    """
    source, weight = model.quant(op.input), model.quant(op.weight)
    target = model.quant(op.output).scale[0]
    return [quantise_multiplier(source.scale[0] * scale / target) for scale in weight.scale]


def weight_fields(model: Model, op: WeightedOp, constants: Constants) -> Fields:
    """Members `weight`, `bias`, `multiplier`, `shift` of a parameter struct."""
    channels = model.tensor(op.output).shape[-1]
    multipliers = channel_multipliers(model, op)
    if len(multipliers) == 1:
        multipliers = multipliers * channels
    values = [multiplier.value for multiplier in multipliers]
    shifts = [multiplier.shift for multiplier in multipliers]
    return {
        "weight": constants.tensor("weight", op.weight),
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
        "multiplier": constants.table("multiplier", op, "int32_t", values),
        "shift": constants.table("shift", op, "int8_t", shifts),
    }


def quant_fields(model: Model, op: WeightedOp) -> Fields:
    """Members `in_zero`, `out_zero`, `out_min`, `out_max` of a parameter struct."""
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def file_inputs(op: WeightedOp, source: int) -> tuple[int, ...]:
    """Inputs as the file has them, the first of which may be padded."""
    return (source, op.weight) if op.bias is None else (source, op.weight, op.bias)


def weights(check: OpCheck[WeightedOp]) -> None:
    """int8 constants with zero point 0 and one scale, or one for each channel; and the bias."""
    op, axis = check.op, check.op.channel_axis
    weight = check.tensor(op.weight)
    if not weight.constant or weight.dtype is not DType.INT8:
        raise check.unsupported(
            f"weights {weight.name} must be int8 constants, not {weight.dtype.value}",
            hint="quantise weights and activations to int8 where you made the model",
        )
    legal_quant(check, op.weight)
    quant = check.quant(op.weight)
    if any(quant.zero_point):
        raise check.violation(f"weights {weight.name} have a zero point other than 0")
    channels = weight.shape[axis]
    if quant.per_channel and (len(quant.scale) != channels or quant.axis != axis):
        raise check.violation(
            f"weights {weight.name} have {len(quant.scale)} scales on axis {quant.axis}; "
            f"{channels} on axis {axis} are expected"
        )
    if op.bias is not None:
        _bias(check, op.bias, channels)


def _bias(check: OpCheck[WeightedOp], index: int, channels: int) -> None:
    """int32 constants, one for each channel. Their scale is input scale * weight scale whatever the
    file says, as in TFLM.
    """
    bias = check.tensor(index)
    if not bias.constant or bias.dtype is not DType.INT32 or bias.elements != channels:
        raise check.violation(
            f"bias {bias.name} ({bias.dtype.value}, {bias.elements} elements) must be {channels} "
            "int32 constants"
        )


def accumulator(check: OpCheck[WeightedOp]) -> None:
    """The int32 sum cannot overflow, whatever the input and the order of addition."""
    low, high = accumulator_bounds(check.model, check.op)
    for bound, limit in ((int(low.min()), INT32_MIN), (int(high.max()), INT32_MAX)):
        if abs(bound) > INT32_MAX:
            raise check.unsupported(
                f"the accumulator can reach {bound}; int32 ends at {limit}",
                hint="use fewer input channels or smaller biases in this layer",
            )
    shifts = [max(multiplier.shift, 0) for multiplier in channel_multipliers(check.model, check.op)]
    worst = np.maximum(-low, high)
    reach = max(
        int(size) << shift
        for size, shift in zip(worst, _broadcast_shifts(shifts, worst), strict=True)
    )
    if max(shifts) > SHIFT_MAX or reach > SUM_MAX:
        raise check.unsupported(
            f"the accumulator times 2^{max(shifts)} can reach {reach}; the limit is {SUM_MAX}",
            hint="the output scale is too small for this layer: calibrate on more images",
        )


def _broadcast_shifts(shifts: list[int], channels: NDArray[np.int64]) -> list[int]:
    return shifts if len(shifts) == len(channels) else shifts * len(channels)


def signed_sums(rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of the positive and of the negative weights of each row, int64 (rows,)."""
    return (
        np.maximum(rows, 0).sum(axis=1, dtype=np.int64),
        np.minimum(rows, 0).sum(axis=1, dtype=np.int64),
    )


def accumulator_bounds(model: Model, op: WeightedOp) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Smallest and largest sum of each output channel over all int8 inputs.

    Partial sums stay inside too, in any order: only terms of one sign are added up.

    Returns:
        Two int64 arrays (channels,), low not above 0, high not below 0.
    """
    weight = model.tensor(op.weight).array()
    axis = op.channel_axis
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    quant = model.tensor(op.input).quant
    zero = quant.zero_point[0] if quant else 0
    # One end is not above 0, the other not below, as the zero point is an int8 too.
    positive, negative = signed_sums(rows)
    low = positive * (-128 - zero) + negative * (127 - zero)
    high = positive * (127 - zero) + negative * (-128 - zero)
    if op.bias is not None:
        bias = model.tensor(op.bias).array().astype(np.int64).ravel()
        low, high = low + bias.clip(max=0), high + bias.clip(min=0)
    return low, high
