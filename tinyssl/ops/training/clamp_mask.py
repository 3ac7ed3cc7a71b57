"""CLAMP_MASK: where an activation function passes errors, a bit each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Op, Operand
from tinyssl.ops.common.activation import INTEGERS, REAL_RANGES, Activation, activation_range
from tinyssl.ops.common.activation_error import clamp_limits
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec

BITS = 32
"""Of an element of the mask"""
WORDS = (DType.INT32,)
WORDS_HEADER = ("mask_words.h",)
"""C that both kernels of a mask share"""
TYPES = (DType.FLOAT32, DType.INT8)
"""Of values and of errors"""


@dataclass(frozen=True, kw_only=True)
class ClampMask(Op):
    """Part of the inference, so that what RELU and its kin gave need not be kept for the errors."""

    kind: ClassVar[str] = "CLAMP_MASK"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("value", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", WORDS),)

    value: int
    """What the function gave"""
    output: int
    activation: Activation


def mask_words(elements: int) -> int:
    """Elements of a mask."""
    return -(-elements // BITS)


def quantised_limits(model: Model, value: int, activation: Activation) -> Fields:
    """Members `low` and `high` of an INT8 value: errors pass between them.

    They pass where a value is at an end of int8 alone: that clamp is none of the network's.
    """
    ends = activation_range(activation, model.quant(value), DType.INT8)
    (least, most), (low, high) = INTEGERS[DType.INT8], REAL_RANGES[activation]
    return {
        "low": least - 1 if low is None else ends[0],
        "high": most + 1 if high is None else ends[1],
    }


def is_int8(model: Model, op: Op) -> bool:
    """Whether the values or errors of an operator here are."""
    return model.tensor(op.inputs[0]).dtype is DType.INT8


def _params(model: Model, op: ClampMask, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_mask`."""
    return {"size": model.tensor(op.value).elements, **clamp_limits(op.activation)}


def _int8_params(model: Model, op: ClampMask, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_mask_s8`."""
    limits = quantised_limits(model, op.value, op.activation)
    return {"size": model.tensor(op.value).elements, **limits}


SPEC = replace(
    training_spec(
        ClampMask,
        (
            Kernel(
                "clamp_mask_s8",
                "tinyssl_clamp_mask_s8",
                WORDS_HEADER,
                supports=is_int8,
                make_params=_int8_params,
            ),
            Kernel("clamp_mask_f32", "tinyssl_clamp_mask", WORDS_HEADER, make_params=_params),
        ),
    ),
    training=False,
)
