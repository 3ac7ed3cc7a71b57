"""MOVE: what several operators in a row do that only move elements (`graph.moves` makes it).

No file has it: one copy by strides does the work of TRANSPOSE, RESHAPE, GATHER, … in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.copy import Copy, copy_kernel, copy_parts, filled
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import no_file_has


@dataclass(frozen=True, kw_only=True)
class Move(UnaryOp):
    """The output in its order, read by nested loops over the input."""

    kind: ClassVar[str] = "MOVE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)

    counts: tuple[int, ...]
    """Rounds of the loops, the outermost first; their product is the output's elements"""
    steps: tuple[int, ...]
    """Elements of the input from one round to the next"""
    start: int
    """Elements of the input before the first"""
    kinds: tuple[str, ...]
    """The operators in whose place it stands"""


def move_copy(_model: Model, op: Move) -> Copy:
    """What it copies."""
    return filled(op.counts, op.steps, op.start)


SPEC = OpSpec(
    op=Move,
    shapes=lambda model, op: (model.tensor(op.output).shape,),
    checks=(rules.same_types,),
    words=lambda _, op: [f"({'+'.join(op.kinds)})"],
    kernels=(copy_kernel(move_copy),),
    parts=copy_parts(move_copy),
    tflite=no_file_has("write the model before its operators are joined"),
    tflm=TflmNames("", ""),
)
