"""Square blocks of an image and its channels: the form of DEPTH_TO_SPACE and SPACE_TO_DEPTH."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.tflite import OperatorContext

BLOCK_TYPES = (DType.INT8, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class BlockOp(UnaryOp):
    """`block` x `block` places become channels, or come from them."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", BLOCK_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", BLOCK_TYPES, plain=True),)

    block: int


def check_block(check: OpCheck[BlockOp], sizes: tuple[int, ...], block: int) -> None:
    """Dimensions are multiples of the block."""
    if any(size % block for size in sizes):
        shape = list(check.tensor(check.op.input).shape)
        raise check.violation(f"blocks of {check.op.block} do not fit the shape {shape}")


def read_block(op: OperatorContext) -> int:
    """Side of a block."""
    op.require_rank(0, 4)
    block = int(op.require_options().blockSize)
    if block < 1:
        raise op.violation(f"a block of {block}")
    return block
