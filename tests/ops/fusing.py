"""Steps that fuse every block of a graph, whether that pays or not."""

from __future__ import annotations

from tinyssl.boards import Isa
from tinyssl.emit import fused
from tinyssl.emit.kernels import FUSING
from tinyssl.emit.steps import block_choice, choose_steps, single_step
from tinyssl.ir.model import Model
from tinyssl.plan import Step


def fused_steps(model: Model, isa: Isa, *, keeps: bool) -> tuple[Step, ...]:
    """The longest block from the front wherever there is one."""
    if isa not in FUSING:
        return choose_steps(model, isa)
    blocks = {block.first: block for block in fused.candidates(model)}  # the longest comes last
    steps: list[Step] = []
    while (first := steps[-1].last + 1 if steps else 0) < len(model.ops):
        block = blocks.get(first)
        steps.append(
            block_choice(model, block, keeps).step if block else single_step(model, first, isa)
        )
    return tuple(steps)
