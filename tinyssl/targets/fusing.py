"""Instruction set -> how it computes a block of operators in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.targets import cost, cost_mve, fused, mve_fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.fused import FusedBlock
from tinyssl.targets.kernels import FUSED_BLOCK, FUSED_BLOCK_MVE, STEM_BLOCK, STEM_BLOCK_MVE


@dataclass(frozen=True)
class Fusing:
    """Kernels of blocks, and what is known of them before they run.

    `cache_taps`, where a function takes it: the kernel prepares the taps of all channels once and
    keeps them, for more working memory.
    """

    kernel: Callable[[FusedBlock], Kernel[Op]]
    fits: Callable[[Model, FusedBlock], bool]
    """Whether it computes this block to the byte"""
    variants: tuple[bool, ...]
    """Values of `cache_taps` that it offers"""
    scratch: Callable[[Model, FusedBlock, bool], int]
    """Bytes of working memory"""
    overlaps: Callable[[Model, FusedBlock], tuple[Overlap, ...]]
    """How far the output may lie over the input"""
    fields: Callable[[Model, FusedBlock, Constants, bool], Fields]
    """Members of its struct"""
    op_cost: Callable[[Model, Op], float]
    """Instructions of a single operator, roughly"""
    block_cost: Callable[[Model, FusedBlock, bool], float]
    """Instructions of a block, roughly"""


DSP = Fusing(
    lambda block: FUSED_BLOCK if block.stem is None else STEM_BLOCK,
    fused.fits,
    (True, False),
    fused.scratch_bytes,
    fused.overlaps,
    fused.fields,
    cost.op_cost,
    cost.block_cost,
)

MVE = Fusing(
    lambda block: FUSED_BLOCK_MVE if block.stem is None else STEM_BLOCK_MVE,
    mve_fused.fits,
    (False,),
    lambda model, block, _cache_taps: mve_fused.scratch_bytes(model, block),
    mve_fused.overlaps,
    lambda model, block, constants, _cache_taps: mve_fused.fields(model, block, constants),
    cost_mve.op_cost,
    lambda model, block, _cache_taps: cost_mve.block_cost(model, block),
)

FUSING = {Isa.CORTEX_M4: DSP, Isa.CORTEX_M7: DSP, Isa.CORTEX_M55: MVE}
"""Instruction sets that have such a kernel"""


def fusing_for(isa: Isa) -> Fusing | None:
    """How an instruction set computes blocks; None where it has no kernels for them."""
    return FUSING.get(isa)
