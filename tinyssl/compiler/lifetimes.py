"""First and last use of each piece of storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.compiler.calls import KernelCall, call_outputs, hidden, single_calls
from tinyssl.graph.model import Model, ValueKind
from tinyssl.ops import spec_of
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


def lasting(model: Model) -> tuple[int, ...]:
    """Values whose bytes must stay from one inference to the next."""
    return model.of_kind(ValueKind.PARAMETER) + model.of_kind(ValueKind.STATE)


def storage_of(model: Model, calls: Sequence[KernelCall] | None = None) -> dict[int, int]:
    """Activation -> the tensor whose storage it uses: its own, or its input's for a view.

    Tensors inside a call have none.
    """
    inside: set[int] = set()
    for call in calls or ():
        inside |= hidden(model, call)
    storage = {index: index for index in (*model.inputs, *lasting(model))}
    for op in model.ops:
        view = spec_of(op).is_view
        for index in op.outputs:
            if index not in inside:
                storage[index] = storage[op.inputs[0]] if view else index
    return storage


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
    storage = storage_of(model, calls)
    first = dict.fromkeys((*model.inputs, *lasting(model)), -1)
    last = dict(first)
    for call in calls:
        for output in call_outputs(model, call):
            owner = storage[output]
            first.setdefault(owner, call.first)
            last[owner] = max(last.get(owner, call.last), call.last)
        for position in call.positions:
            for index in model.ops[position].inputs:
                if index in storage:
                    last[storage[index]] = call.last
    for index in (*model.outputs, *lasting(model)):
        last[storage[index]] = len(model.ops)
    over = _permissions(model, calls, storage, last)
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
    model: Model, calls: Sequence[KernelCall], storage: dict[int, int], last: dict[int, int]
) -> dict[int, tuple[Overlap, ...]]:
    """By owner of the first output: inputs that it may lie over, as they die in that call.

    A state that a call writes holds a value long before: it lies over nothing.
    """
    found = {}
    for call in calls:
        owner = storage[call_outputs(model, call)[0]]
        if owner in lasting(model):
            continue
        allowed = tuple(
            Overlap(storage[overlap.tensor], overlap.max_offset, overlap.exact)
            for overlap in call.overlaps
            if last[storage[overlap.tensor]] == call.last
        )
        if allowed:
            found[owner] = allowed
    return found
