"""Steps that fuse every block of a graph, whether that pays or not."""

from __future__ import annotations

from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.schedule import block_choice, choose_calls, single_call
from tinyssl.graph.model import Model
from tinyssl.targets import fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.fusing import fusing_for


def fused_calls(model: Model, isa: Isa, *, cache_taps: bool) -> tuple[KernelCall, ...]:
    """The longest block from the front wherever there is one."""
    fusing = fusing_for(isa)
    if fusing is None:
        return choose_calls(model, isa)
    found = fused.candidates(model, fusing.fits)
    blocks = {block.first: block for block in found}  # the longest comes last
    steps: list[KernelCall] = []
    while (first := steps[-1].last + 1 if steps else 0) < len(model.ops):
        block = blocks.get(first)
        steps.append(
            block_choice(model, block, fusing, cache_taps).call
            if block
            else single_call(model, first, isa)
        )
    return tuple(steps)


def fused_plan(model: Model, isa: Isa, *, cache_taps: bool) -> Plan:
    """The plan of these steps, for `make_program`."""
    return plan_arena(model, fused_calls(model, isa, cache_taps=cache_taps))
