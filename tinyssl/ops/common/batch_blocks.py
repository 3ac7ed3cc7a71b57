"""Places of blocks as batches: the form of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.pads import Amounts
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext

BLOCK_TYPES = (DType.INT8, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class BatchBlocksOp(UnaryOp):
    """Images of one or two axes, and their blocks."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", BLOCK_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", BLOCK_TYPES, plain=True),)

    block: tuple[int, ...]
    """Places along each axis"""
    border: Amounts
    """Around the image: added before it is cut, or cropped"""


def check_blocks(check: OpCheck[BatchBlocksOp]) -> None:
    """Blocks and borders fit the shape, which has as many axes as TFLM takes."""
    op, shape = check.op, check.tensor(check.op.input).shape
    if len(shape) not in (3, 4):
        raise check.unsupported(f"shape {list(shape)}; three or four dimensions are supported")
    axes = len(shape) - 2
    numbers = [number for pair in op.border for number in pair]
    if len(op.block) != axes or len(op.border) != axes or min(op.block) < 1 or min(numbers) < 0:
        raise check.violation(f"blocks {list(op.block)} and borders {numbers} of {axes} axes")


def border_amounts(border: Sequence[Sequence[int]], rank: int) -> Amounts:
    """A border of the axes between batches and channels, as amounts of all axes of a PAD."""
    inner = tuple((before, behind) for before, behind in border)
    return ((0, 0), *inner, *((0, 0),) * (rank - 1 - len(inner)))


def read_blocks(op: OperatorContext) -> dict[str, Any]:
    """The dataclass's fields."""
    block, border = op.constant(1), op.constant(2)
    if len(border) != 2 * len(block):
        raise op.violation(f"blocks {block} and borders {border}")
    return {
        "index": op.index,
        "input": op.inputs[0],
        "output": op.output,
        "block": tuple(block),
        "border": tuple(zip(border[::2], border[1::2], strict=True)),
    }


def write_blocks(op: BatchBlocksOp, to: Lowering, options: str) -> FileOp:
    """As the file has it: block and border are constant inputs."""
    inputs = (op.input, to.constant("block", op.block), to.constant("border", op.border))
    return FileOp(op.kind, 2, inputs, op.outputs, options, {})
