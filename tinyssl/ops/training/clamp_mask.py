"""CLAMP_MASK: where an activation function passes errors, a bit each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Op, Operand
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.activation_error import clamp_limits
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec

BITS = 32
"""Of an element of the mask"""
WORDS = (DType.INT32,)


@dataclass(frozen=True, kw_only=True)
class ClampMask(Op):
    """Part of the inference, so that what RELU and its kin gave need not be kept for the errors."""

    kind: ClassVar[str] = "CLAMP_MASK"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("value", FLOAT),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", WORDS),)

    value: int
    """What the function gave"""
    output: int
    activation: Activation


def mask_words(elements: int) -> int:
    """Elements of a mask."""
    return -(-elements // BITS)


def _params(model: Model, op: ClampMask, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_mask`."""
    return {"size": model.tensor(op.value).elements, **clamp_limits(op.activation)}


SPEC = replace(
    training_spec(
        ClampMask,
        (Kernel("clamp_mask_f32", "tinyssl_clamp_mask", make_params=_params),),
    ),
    training=False,
)
