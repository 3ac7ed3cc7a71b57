"""NORMALISE: features with mean 0 and variance 1, by statistics that training steps gather."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tinyssl.graph.model import Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.common.unary import same_shape
from tinyssl.ops.common.welford import welford_kernel

STORED = (Role.PARAMETER,)


@dataclass(frozen=True, kw_only=True)
class Normalise(Op):
    """(x - mean) / sqrt(variance + epsilon), of statistics that x itself has joined.

    In a training step that is what the specification says (TinyOL, arXiv 2103.08295): a sample
    joins first. An inference does the same and forgets it, so both see the same numbers.
    """

    kind: ClassVar[str] = "NORMALISE"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", FLOAT),
        Operand("mean", FLOAT, STORED),
        Operand("variance", FLOAT, STORED),
        Operand("count", FLOAT, STORED),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    input: int
    mean: int
    variance: int
    count: int
    """float32 [1]: samples that have joined"""
    output: int


_PART: OpSpec[Any] = training_spec(Normalise, (welford_kernel("normalise"),))
SPEC = replace(_PART, shapes=same_shape, training=False)
