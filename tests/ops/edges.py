"""Outputs laid over inputs exactly as far as kernels allow, and a byte further.

Plans of a build keep offsets at multiples of 16; here they are bytes. All other storage lies apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from unittest.mock import patch

from tests.ops.blocks import BLOCKS, block
from tests.ops.cases import CASES, NONE, RELU, VALID, conv, depthwise, mean, pool
from tests.ops.fusing import fused_calls
from tests.ops.image import CaseProgram, make_program
from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.schedule import choose_calls
from tinyssl.compiler.search import aligned
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.common.overlap import INPUT_CONSUMED, Overlap
from tinyssl.targets.boards import Isa

FURTHER = "_+1"
"""Ends the name of a graph whose output lies a byte beyond what is allowed"""

one = partial(conv, kernel=(1, 1))

OPERATORS = {
    "conv": partial(conv, size=(7, 8)),
    "conv stem": partial(conv, channels=(3, 8), size=(13, 16), stride=(2, 2)),
    "conv stride 2x1": CASES["conv stride 2x1"],
    "conv valid": partial(conv, channels=(9, 4), size=(6, 10), padding=VALID),
    "conv valid stride 2": CASES["conv valid stride 2"],
    "conv larger than input": CASES["conv larger than input"],
    "pointwise": partial(one, channels=(40, 9), size=(3, 7)),
    "pointwise shallow": partial(one, channels=(13, 4), size=(5, 5)),
    "pointwise shallow two fours": partial(one, channels=(16, 7), size=(3, 5)),
    "pointwise wider": partial(one, channels=(20, 31), size=(4, 5)),
    "pointwise stride 2": CASES["conv 1x1 stride 2"],
    "pointwise of one pixel": CASES["conv 1x1 of one pixel"],
    "depthwise": partial(depthwise, channels=(36, 36), size=(5, 4)),
    "depthwise stride 2": partial(depthwise, channels=(20, 20), size=(7, 6), stride=(2, 2)),
    "depthwise valid": partial(depthwise, channels=(8, 8), size=(6, 7), padding=VALID),
    "depthwise of one channel": partial(
        depthwise, channels=(1, 5), size=(7, 8), kernel=(4, 3), stride=(2, 1)
    ),
    "depthwise of a pixel": partial(depthwise, channels=(4, 4), size=(1, 1)),
    "add": CASES["add"],
    "mul": CASES["mul"],
    "mul gate": CASES["mul gate"],
    "mean": CASES["mean"],
    "mean of four channels": partial(mean, channels=4),
    "average": partial(pool, channels=9),
    "average valid": CASES["average valid"],
    "average all": CASES["average all"],
    "dense": CASES["dense"],
    "dense rows": CASES["dense rows"],
}

FUSED = {
    **{name: make for name, make in BLOCKS.items() if not name.endswith(("odd", "stride 2"))},
    "block stride 2": partial(block, stride=2, activation=RELU, size=(6, 8)),
    "block valid stride 2": partial(
        block, stride=2, activation=RELU, size=(9, 8), padding=VALID, channels=(5, 12, 7)
    ),
    "pair stride 2": partial(
        block, stride=2, activation=RELU, size=(8, 8), expand=False, channels=(0, 8, 8), seed=11
    ),
    "block wide": partial(block, channels=(8, 24, 16), size=(5, 8), activation=RELU),
    "pair wide": partial(block, expand=False, channels=(0, 8, 20), size=(6, 5), activation=NONE),
}

MAKERS = {name.replace(" ", "_"): make for name, make in (OPERATORS | FUSED).items()}


def laid_over(model: Model, steps: Sequence[KernelCall], further: int = 0) -> Plan:
    """All storage apart, but for the last output, which lies over its first input.

    Args:
        model: A verified model.
        steps: Its steps; the last one has a permission.
        further: Bytes beyond what is allowed. The plan says that they are.
    """
    over = steps[-1].overlaps[0]
    apart = plan_arena(model, [replace(step, overlaps=()) for step in steps])
    sizes = {place.tensor: place.bytes for place in apart.placements}
    target, source = model.ops[steps[-1].last].outputs[0], apart.rooms[over.tensor].owner
    most = sizes[source] // 2 if over.max_offset == INPUT_CONSUMED else over.max_offset
    difference = (0 if over.exact else most) + further
    base = aligned(max(0, -difference))
    end = base + aligned(max(sizes[source], difference + sizes[target]))
    placements = []
    for place in apart.placements:
        if place.tensor == target:
            allowed = (Overlap(source, difference),)
            placements.append(replace(place, offset=base + difference, over=allowed))
        elif place.tensor == source:
            placements.append(replace(place, offset=base))
        else:
            placements.append(replace(place, offset=end))
            end += aligned(place.bytes)
    return replace(apart, placements=tuple(placements), peak=end)


class Edges:
    """All cases whose last step may lie over its input, on an instruction set."""

    def __init__(self, isa: Isa) -> None:
        self.isa = isa
        self.allowed: dict[str, Overlap] = {}
        for name, make in MAKERS.items():
            model = run_passes(read_model(make(), name))
            for overlap in self.steps(model)[-1].overlaps[:1]:
                self.allowed[name] = overlap

    def steps(self, model: Model) -> tuple[KernelCall, ...]:
        """Blocks in one call, operators by themselves."""
        if model.name.removesuffix(FURTHER).replace("_", " ") in FUSED:
            return fused_calls(model, self.isa, cache_taps=False)
        return choose_calls(model, self.isa)

    @property
    def exact(self) -> list[str]:
        """Cases where a byte further lies over input that is still read."""
        return [
            name
            for name, overlap in self.allowed.items()
            if not overlap.exact and overlap.max_offset != INPUT_CONSUMED
        ]

    def program(self) -> CaseProgram:
        """Each case at the edge and, where that is exact, beyond it."""
        graphs = {name: MAKERS[name]() for name in self.allowed}
        graphs |= {name + FURTHER: MAKERS[name]() for name in self.exact}
        with patch("tinyssl.codegen.context.ALIGNMENT", 1, create=True):  # the unit of offsets
            return make_program(graphs, self.isa, planner=self._plan)

    def _plan(self, model: Model, _isa: Isa) -> Plan:
        return laid_over(model, self.steps(model), int(model.name.endswith(FURTHER)))

    def wrong(self, differ: Sequence[str]) -> list[str]:
        """Lines about cases that differ though they keep to what is allowed."""
        return [line for line in differ if not line.split()[1].endswith(FURTHER)]

    def unnoticed(self, differ: Sequence[str]) -> list[str]:
        """Cases that went a byte too far and gave TFLM's outputs for all inputs."""
        found = {line.split()[1] for line in differ}
        return [name for name in self.exact if name + FURTHER not in found]
