"""Steps that fuse every block of a graph, whether that pays or not."""

from __future__ import annotations

from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.schedule import block_choice, choose_steps, single_step
from tinyssl.compiler.steps import Step
from tinyssl.graph.model import Model
from tinyssl.targets import fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.fusing import FUSING


def fused_steps(model: Model, isa: Isa, *, keeps: bool) -> tuple[Step, ...]:
    """The longest block from the front wherever there is one."""
    fusing = FUSING.get(isa)
    if fusing is None:
        return choose_steps(model, isa)
    found = fused.candidates(model, fusing.fits)
    blocks = {block.first: block for block in found}  # the longest comes last
    steps: list[Step] = []
    while (first := steps[-1].last + 1 if steps else 0) < len(model.ops):
        block = blocks.get(first)
        steps.append(
            block_choice(model, block, fusing, keeps).step
            if block
            else single_step(model, first, isa)
        )
    return tuple(steps)


def fused_plan(model: Model, isa: Isa, *, keeps: bool) -> Plan:
    """The plan of these steps, for `make_program`."""
    return plan_arena(model, fused_steps(model, isa, keeps=keeps))
