"""Operators of two quantised inputs that are brought to one scale first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation import Activation, activation_range
from tinyssl.ops.common.bases import BinaryOp, PairOp
from tinyssl.ops.common.constants import Codes, Numbers
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.pair import PairFile
from tinyssl.ops.common.params import Fields, zero_point


@dataclass(frozen=True)
class ScaledMultipliers:
    """How the inputs come to one scale, and what becomes of their sum."""

    left: Multiplier
    right: Multiplier
    output: Multiplier
    """Of the sum, the difference, or its square"""
    headroom: int
    """Bits by which the inputs are shifted left before"""


SUM_HEADROOM = {DType.INT8: 20, DType.INT16: 15}
"""Bits by which the inputs of a sum or a difference are scaled up before they are rescaled"""


def sum_scaling(model: Model, op: PairOp) -> ScaledMultipliers:
    """Of a sum or a difference: the inputs to twice the larger scale, the result to the output's.

    All in double: older versions of TFLM take the quotients of SUB in float32. The output's factor
    is below one for a model that passed the verifier.
    """
    headroom = SUM_HEADROOM[model.tensor(op.left).dtype]
    left, right = model.quant(op.left).scale[0], model.quant(op.right).scale[0]
    twice = 2.0 * max(left, right)
    output = twice / (2.0**headroom * model.quant(op.output).scale[0])
    return ScaledMultipliers(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(output),
        headroom,
    )


def check_sum_scaling(check: OpCheck[Any]) -> None:
    """A factor below one to the output."""
    dtype = check.tensor(check.op.left).dtype
    if dtype in SUM_HEADROOM and sum_scaling(check.model, check.op).output.shift > 0:
        bits = SUM_HEADROOM[dtype] - 1
        raise check.violation(f"the output scale is 2^-{bits} of the inputs' or less")


def scaled_pair(scaling: Callable[[Model, Any], ScaledMultipliers]) -> PairFile:
    """Kernels of an operator whose inputs are scaled so."""

    def fields(model: Model, op: PairOp) -> Fields:
        """Members of `struct tinyssl_scaled_pair` after `sides`."""
        found = scaling(model, op)
        return {
            "left_multiplier": found.left.value,
            "right_multiplier": found.right.value,
            "out_multiplier": found.output.value,
            "left_shift": found.left.shift,
            "right_shift": found.right.shift,
            "out_shift": found.output.shift,
            "left_zero": zero_point(model, op.left),
            "right_zero": zero_point(model, op.right),
            **_output(model, op, found.headroom),
        }

    return PairFile("scaled_pair", "tinyssl_scaled_pair", fields, "scaled_")


def scaled_codes(
    scaling: Callable[[Model, Any], ScaledMultipliers], join: Callable[[Numbers, Numbers], Numbers]
) -> Codes:
    """`OpSpec.codes` of an operator of `scaled_pair`.

    Args:
        scaling: As of `scaled_pair`.
        join: What becomes of the inputs in one scale.
    """

    def codes(model: Model, op: PairOp, inputs: Sequence[Numbers]) -> Numbers | None:
        if model.tensor(op.left).dtype not in SUM_HEADROOM:
            return None
        found = scaling(model, op)
        left, right = (
            requantise((values - zero_point(model, index)) << found.headroom, factor)
            for values, index, factor in zip(
                inputs, (op.left, op.right), (found.left, found.right), strict=True
            )
        )
        joined = join(left, right)
        if model.tensor(op.output).dtype is DType.BOOL:
            return joined
        scaled = requantise(joined, found.output) + zero_point(model, op.output)
        return np.clip(scaled, *_clamp(model, op))

    return codes


def _clamp(model: Model, op: PairOp) -> tuple[int, int]:
    """Smallest and largest output."""
    activation = op.activation if isinstance(op, BinaryOp) else Activation.NONE
    return activation_range(activation, model.quant(op.output), model.tensor(op.output).dtype)


def _output(model: Model, op: PairOp, headroom: int) -> Fields:
    """What becomes of the result; nothing where it is a truth value."""
    output = model.tensor(op.output)
    if output.dtype is DType.BOOL:
        return {"out_zero": 0, "headroom": headroom, "out_min": 0, "out_max": 0}
    low, high = _clamp(model, op)
    return {
        "out_zero": zero_point(model, op.output),
        "headroom": headroom,
        "out_min": low,
        "out_max": high,
    }
