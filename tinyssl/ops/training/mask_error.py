"""MASK_ERROR: the error in front of RELU and its kin, by the bits of CLAMP_MASK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.training.clamp_mask import TYPES, WORDS, WORDS_HEADER, is_int8


@dataclass(frozen=True, kw_only=True)
class MaskError(Op):
    """The error where the bit is 1, else 0."""

    kind: ClassVar[str] = "MASK_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", TYPES), Operand("mask", WORDS))
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    error: int
    mask: int
    output: int


def _params(model: Model, op: MaskError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_mask`."""
    return {"size": model.tensor(op.output).elements, "low": "0.0f", "high": "0.0f"}


def _int8_params(model: Model, op: MaskError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_clamp_mask_s8`."""
    return {"size": model.tensor(op.output).elements, "low": 0, "high": 0}


SPEC = training_spec(
    MaskError,
    (
        Kernel(
            "mask_error_s8",
            "tinyssl_clamp_mask_s8",
            WORDS_HEADER,
            source="clamp_mask_s8",
            supports=is_int8,
            make_params=_int8_params,
            overlaps=elementwise,
        ),
        Kernel(
            "mask_error_f32",
            "tinyssl_clamp_mask",
            WORDS_HEADER,
            source="clamp_mask_f32",
            make_params=_params,
            overlaps=elementwise,
        ),
    ),
)
