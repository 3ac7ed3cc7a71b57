"""Which operators one kernel call computes, and with which kernel.

Blocks are fused where that lowers the least arena that some call needs, and elsewhere where it
takes fewer instructions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tinyssl.compiler.arena import call_bytes
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.in_place import lay_in_place
from tinyssl.graph.model import Model, Op
from tinyssl.ops import spec_of
from tinyssl.ops.common.kernel import Kernel, Placing
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.targets import fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.fusing import Fusing, fusing_for
from tinyssl.targets.kernels import kernel_for


@dataclass(frozen=True)
class Choice:
    """A kernel call that may be taken."""

    call: KernelCall
    bytes: int
    """Arena that it needs at least, with all that lives meanwhile"""
    cost: float
    """Instructions, roughly"""


def choose_calls(model: Model, isa: Isa) -> tuple[KernelCall, ...]:
    """The kernel calls of a model on an instruction set, in execution order, for `plan_arena`.

    Raises:
        UnsupportedModel: There is no kernel for an operator.
    """
    choices = call_choices(model, isa)
    return lay_in_place(model, cover(choices, least_bytes(choices)))


def call_choices(model: Model, isa: Isa) -> list[Choice]:
    """All calls that may be taken: each operator by itself, and each block in each variant."""
    fusing = fusing_for(isa)
    singles = [single_call(model, position, isa) for position in range(len(model.ops))]
    if fusing is None:
        return [Choice(call, call_bytes(model, call), 0.0) for call in singles]
    choices = [
        Choice(call, call_bytes(model, call), fusing.op_cost(model, model.ops[call.first]))
        for call in singles
    ]
    return choices + [
        block_choice(model, block, fusing, cache_taps)
        for block in fused.candidates(model, fusing.fits)
        for cache_taps in fusing.variants
    ]


def least_bytes(choices: Sequence[Choice]) -> int:
    """The least arena, of all covers, that the most demanding call of one needs."""
    return int(_best(choices, lambda choice: choice.bytes, max)[0])


def cover(choices: Sequence[Choice], limit: int) -> tuple[KernelCall, ...]:
    """The cheapest calls that need `limit` bytes at most, each, and cover all operators.

    Raises:
        ValueError: There are none within the limit.
    """
    fitting = [choice for choice in choices if choice.bytes <= limit]
    if not fitting or limit < least_bytes(choices):
        raise ValueError(f"no kernel calls need {limit} bytes or less: {least_bytes(choices)} do")
    return _best(fitting, lambda choice: choice.cost, operator.add)[1]


def measuring_covers(choices: Sequence[Choice]) -> list[tuple[KernelCall, ...]]:
    """Few ways to cover all operators in which each choice occurs, the one without blocks first."""
    singles = {choice.call.first: choice.call for choice in choices if choice.call.block is None}
    blocks = {choice.call: None for choice in choices if choice.call.block is not None}
    waiting = sorted(blocks, key=lambda call: (call.first, call.last))
    covers = [tuple(singles.values())]
    while waiting:
        taken: dict[int, KernelCall] = {}
        end = 0
        for call in waiting:
            if call.first >= end:
                taken[call.first], end = call, call.last + 1
        waiting = [call for call in waiting if call not in taken.values()]
        covers.append(_filled(singles, taken))
    return covers


def _filled(
    singles: Mapping[int, KernelCall], blocks: Mapping[int, KernelCall]
) -> tuple[KernelCall, ...]:
    """The blocks, by first operator, and single operators between them."""
    calls: list[KernelCall] = []
    position = 0
    while position < len(singles):
        call = blocks.get(position, singles[position])
        calls.append(call)
        position = call.last + 1
    return tuple(calls)


def _best(
    choices: Sequence[Choice],
    weigh: Callable[[Choice], float],
    join: Callable[[float, float], float],
) -> tuple[float, tuple[KernelCall, ...]]:
    """The choices that cover all operators with the least joint weight, and that weight."""
    best: dict[int, tuple[float, tuple[KernelCall, ...]]] = {0: (0.0, ())}
    for choice in sorted(choices, key=lambda choice: choice.call.last):
        first, end = choice.call.first, choice.call.last + 1
        if first in best:
            weight, calls = best[first]
            total = join(weight, weigh(choice))
            if end not in best or total < best[end][0]:
                best[end] = (total, (*calls, choice.call))
    return best[max(best)]


def single_call(model: Model, position: int, isa: Isa) -> KernelCall:
    """One operator with its kernel on `isa`.

    Raises:
        UnsupportedModel: There is none.
    """
    op = model.ops[position]
    if spec_of(op).is_view:
        return KernelCall(position, position)
    kernel = kernel_for(model, op, isa)
    return KernelCall(
        position,
        position,
        kernel.scratch(model, op) if kernel.scratch else 0,
        kernel.overlaps(model, op),
        kernel,
        make_params=lambda model, constants: kernel.make_params(model, op, constants),
        **_spacing(model, op, kernel),
    )


def _spacing(model: Model, op: Op, kernel: Kernel[Any]) -> dict[str, Any]:
    """Members of a call whose kernel takes spaced values."""
    spacing = kernel.spacing
    if spacing is None:
        return {}
    params = spacing.params
    return {
        "spaced": frozenset(spacing.values(model, op)),
        "partial": spacing.partial,
        "place_params": lambda model, constants, placing: params(model, op, constants, placing),
    }


def _spaced_block(
    block: fused.FusedBlock,
    fusing: Fusing,
    cache_taps: bool,
    model: Model,
    constants: Constants,
    placing: Placing,
) -> Fields:
    """Members of a block's struct, with pixels of the output that lie apart."""
    member = "project.out_pitch" if block.stem is None else "block.project.out_pitch"
    fields = fusing.fields(model, block, constants, cache_taps)
    return fields | {member: placing.pitches[block.output]}


def block_choice(model: Model, block: fused.FusedBlock, fusing: Fusing, cache_taps: bool) -> Choice:
    """A block in one call; `cache_taps`: as `Fusing` says."""
    call = KernelCall(
        block.first,
        block.first + len(fused.block_ops(model, block)) - 1,
        fusing.scratch(model, block, cache_taps),
        fusing.overlaps(model, block),
        fusing.kernel(block),
        block,
        cache_taps,
        lambda model, constants: fusing.fields(model, block, constants, cache_taps),
        spaced=frozenset() if block.add else frozenset({block.output}),
        place_params=partial(_spaced_block, block, fusing, cache_taps),
    )
    return Choice(call, call_bytes(model, call), fusing.block_cost(model, block, cache_taps))
