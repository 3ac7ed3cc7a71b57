"""First and last use of each piece of storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.compiler.calls import KernelCall, call_outputs, single_calls
from tinyssl.compiler.layout import lasting, layout_of, rooms_of
from tinyssl.graph.model import Model
from tinyssl.ops.common.overlap import Overlap


@dataclass(frozen=True)
class Lifetime:
    """An activation that needs storage of its own, and when."""

    tensor: int
    """Index of the tensor; `scratch_id` of a kernel call's first operator for working memory"""
    bytes: int
    first: int
    """Position of the first operator of the kernel call that writes it; -1 for inputs, and for
    what lasts"""
    last: int
    """Position of the last operator of the last call that reads it; past the last operator for
    outputs and what lasts"""
    over: tuple[Overlap, ...] = ()
    """Storage that it may lie over, though both hold a value at one time: `Overlap.tensor` is the
    owner's index"""

    def meets(self, other: Lifetime) -> bool:
        """Both hold a value at one time."""
        return self.first <= other.last and other.first <= self.last

    def over_storage(self, owner: int) -> Overlap | None:
        """The permission to lie over the storage of `owner`, if there is one."""
        return next((overlap for overlap in self.over if overlap.tensor == owner), None)


def scratch_id(position: int) -> int:
    """Stands for the working memory of the call that starts at `position`: no tensor has it."""
    return -1 - position


def lifetimes(model: Model, calls: Sequence[KernelCall] | None = None) -> list[Lifetime]:
    """Lifetimes of all storage, in order of first use; working memory behind.

    Inputs live from before the first operator to their last reader and may be overwritten then;
    outputs live on after the last operator; parameters and states live all the time. What a call
    reads lives until its end, what it writes from its start.

    Args:
        model: A verified model.
        calls: Its calls; one operator each by default.
    """
    calls = calls or single_calls(model)
    rooms = rooms_of(model, calls)
    first = {rooms[index].owner: -1 for index in (*model.inputs, *lasting(model))}
    last = dict(first)
    for call in calls:
        for output in call_outputs(model, call):
            owner = rooms[output].owner
            first.setdefault(owner, call.first)
            last[owner] = max(last.get(owner, call.last), call.last)
        for position in call.positions:
            for index in model.ops[position].inputs:
                if index in rooms:
                    last[rooms[index].owner] = call.last
    for index in (*model.outputs, *lasting(model)):
        last[rooms[index].owner] = len(model.ops)
    over = _permissions(model, calls, last)
    tensors = [
        Lifetime(owner, model.tensor(owner).bytes, start, last[owner], over.get(owner, ()))
        for owner, start in first.items()
    ]
    return tensors + [
        Lifetime(scratch_id(call.first), call.scratch, call.first, call.last)
        for call in calls
        if call.scratch
    ]


def _permissions(
    model: Model, calls: Sequence[KernelCall], last: dict[int, int]
) -> dict[int, tuple[Overlap, ...]]:
    """By owner of the first output: inputs that it may lie over, as they die in that call.

    A state that a call writes holds a value long before: it lies over nothing. What lies inside
    another value has neighbours, which a permission says nothing of.
    """
    layout, kept = layout_of(model, calls), {*lasting(model)}
    found = {}
    for call in calls:
        output = call_outputs(model, call)[0]
        owner = layout.room(output).owner
        if not call.overlaps or owner in kept or not layout.covers(output):
            continue
        allowed = tuple(
            Overlap(source, overlap.max_offset, overlap.exact)
            for overlap in call.overlaps
            for source in [layout.room(overlap.tensor).owner]
            if last[source] == call.last and layout.covers(overlap.tensor)
        )
        if allowed:
            found[owner] = allowed
    return found
