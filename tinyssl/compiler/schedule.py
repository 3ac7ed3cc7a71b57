"""Which operators one kernel call computes, and what the planner must know of the call.

Blocks are fused where that lowers the least arena that some step needs, and elsewhere where it
takes fewer instructions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tinyssl.compiler.arena import step_bytes
from tinyssl.compiler.describe import has_code
from tinyssl.compiler.steps import Step
from tinyssl.graph.model import Model
from tinyssl.ops.params import Constants, Fields
from tinyssl.targets import fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.fusing import FUSING, Fusing
from tinyssl.targets.kernels import Kernel, kernel_for


@dataclass(frozen=True)
class Choice:
    """A step that may be taken."""

    step: Step
    bytes: int
    """Arena that it needs at least, with all that lives meanwhile"""
    cost: float
    """Instructions, roughly"""


def kernel_of(model: Model, step: Step, isa: Isa) -> Kernel | None:
    """The kernel that computes a step on `isa`; None where nothing is to be done (RESHAPE).

    Raises:
        UnsupportedModel: There is none.
        ValueError: The operators of the step are no block that `isa` has a kernel for.
    """
    op = model.ops[step.first]
    if step.first == step.last:
        return kernel_for(model, op, isa) if has_code(op) else None
    fusing = FUSING.get(isa)
    block = fused.find_block(model, step.first, step.last, fusing.fits) if fusing else None
    if fusing is None or block is None:
        raise ValueError(f"no kernel of {isa.value} computes {op.label} and the next ones together")
    keeps = step.scratch == fusing.scratch(model, block, True)
    return replace(fusing.kernel(block), build=partial(_fields, fusing, block, keeps))


def _fields(
    fusing: Fusing,
    block: fused.Block,
    keeps: bool,
    model: Model,
    _position: int,
    constants: Constants,
) -> Fields:
    return fusing.fields(model, block, constants, keeps)


def choose_steps(model: Model, isa: Isa) -> tuple[Step, ...]:
    """The steps of a model on an instruction set, in execution order, for `plan_arena`."""
    choices = step_choices(model, isa)
    return cover(choices, least_bytes(choices))


def step_choices(model: Model, isa: Isa) -> list[Choice]:
    """All steps that may be taken: each operator by itself, and each block in each variant."""
    fusing = FUSING.get(isa)
    singles = (single_step(model, position, isa) for position in range(len(model.ops)))
    if fusing is None:
        return [Choice(step, step_bytes(model, step), 0.0) for step in singles]
    choices = [
        Choice(step, step_bytes(model, step), fusing.op_cost(model, model.ops[step.first]))
        for step in singles
    ]
    return choices + [
        block_choice(model, block, fusing, keeps)
        for block in fused.candidates(model, fusing.fits)
        for keeps in fusing.keeps
    ]


def least_bytes(choices: Sequence[Choice]) -> int:
    """The least arena, of all covers, that the most demanding step of one needs."""
    return int(_best(choices, lambda choice: choice.bytes, max)[0])


def cover(choices: Sequence[Choice], limit: int) -> tuple[Step, ...]:
    """The cheapest steps that need `limit` bytes at most, each, and cover all operators.

    Raises:
        ValueError: There are none within the limit.
    """
    fitting = [choice for choice in choices if choice.bytes <= limit]
    if not fitting or limit < least_bytes(choices):
        raise ValueError(f"no steps need {limit} bytes or less: {least_bytes(choices)} do")
    return _best(fitting, lambda choice: choice.cost, operator.add)[1]


def measuring_covers(choices: Sequence[Choice]) -> list[tuple[Step, ...]]:
    """Few ways to cover all operators in which each choice occurs, the one without blocks first."""
    singles = {
        choice.step.first: choice.step
        for choice in choices
        if choice.step.first == choice.step.last
    }
    blocks = {choice.step: None for choice in choices if choice.step.first != choice.step.last}
    waiting = sorted(blocks, key=lambda step: (step.first, step.last))
    covers = [tuple(singles.values())]
    while waiting:
        taken: dict[int, Step] = {}
        end = 0
        for step in waiting:
            if step.first >= end:
                taken[step.first], end = step, step.last + 1
        waiting = [step for step in waiting if step not in taken.values()]
        covers.append(_filled(singles, taken))
    return covers


def _filled(singles: Mapping[int, Step], blocks: Mapping[int, Step]) -> tuple[Step, ...]:
    """The blocks, by first operator, and single operators between them."""
    steps: list[Step] = []
    position = 0
    while position < len(singles):
        step = blocks.get(position, singles[position])
        steps.append(step)
        position = step.last + 1
    return tuple(steps)


def _best(
    choices: Sequence[Choice],
    weigh: Callable[[Choice], float],
    join: Callable[[float, float], float],
) -> tuple[float, tuple[Step, ...]]:
    """The choices that cover all operators with the least joint weight, and that weight."""
    best: dict[int, tuple[float, tuple[Step, ...]]] = {0: (0.0, ())}
    for choice in sorted(choices, key=lambda choice: choice.step.last):
        first, end = choice.step.first, choice.step.last + 1
        if first in best:
            weight, steps = best[first]
            total = join(weight, weigh(choice))
            if end not in best or total < best[end][0]:
                best[end] = (total, (*steps, choice.step))
    return best[max(best)]


def single_step(model: Model, position: int, isa: Isa) -> Step:
    """One operator with its kernel on `isa`."""
    op = model.ops[position]
    kernel = kernel_of(model, Step(position, position), isa)
    if kernel is None:
        return Step(position, position)
    scratch = kernel.scratch(model, op) if kernel.scratch else 0
    return Step(position, position, scratch, kernel.overlaps(model, op))


def block_choice(model: Model, block: fused.Block, fusing: Fusing, keeps: bool) -> Choice:
    """A block in one call; `keeps`: as `Fusing` says."""
    last = block.first + len(fused.block_ops(model, block)) - 1
    overlaps = fusing.overlaps(model, block)
    step = Step(block.first, last, fusing.scratch(model, block, keeps), overlaps)
    return Choice(step, step_bytes(model, step), fusing.block_cost(model, block, keeps))
