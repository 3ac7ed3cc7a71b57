"""Static arena planning: offsets from lifetimes.

First fit: storage is taken in some order, each piece goes to the lowest offset that collides with
nothing placed before. The best order is NP-hard to find (dynamic storage allocation), so several
are tried, then neighbours of the best are sampled with a fixed seed; the search ends as soon as the
lower bound is met, which no plan can beat. Cost: O(n^2) an order for n pieces.

An output may lie over an input that dies in the same call where the call's kernel declares so
(`ops.common.overlap.Overlap`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.compiler.calls import KernelCall, check_calls, single_calls
from tinyssl.compiler.layout import ALIGNMENT, Room, rooms_of
from tinyssl.compiler.lifetimes import Lifetime, lifetimes, scratch_id
from tinyssl.compiler.search import aligned, lower_bound, needed, search
from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import Model
from tinyssl.ops.common.overlap import Overlap

OFFSET_MAX = 2**31 - 1
"""Bytes: offsets in the generated C and its kernels are int32"""


@dataclass(frozen=True)
class Placement:
    """Storage of a tensor, or working memory of a kernel call, in the arena."""

    tensor: int
    """Index of the tensor; below 0 for working memory"""
    name: str
    offset: int
    """Bytes from the start of the arena, a multiple of `ALIGNMENT`"""
    bytes: int
    first: int
    """Position of the first operator of the kernel call that writes it; -1: the model's input"""
    last: int
    """Position of the last operator of its last reader; number of operators: the model's output"""
    over: tuple[Overlap, ...] = ()
    """Storage that it may lie over while both are alive"""

    @property
    def end(self) -> int:
        return self.offset + aligned(self.bytes)


@dataclass(frozen=True)
class Plan:
    """Offsets of all activations."""

    placements: tuple[Placement, ...]
    """One for each piece of storage, by first use"""
    rooms: dict[int, Room]
    """Activation -> the tensor whose storage it uses, and where in it"""
    peak: int
    """Bytes of the arena"""
    lower_bound: int
    """Bytes that some call needs alone, with all permitted overlaps: no plan needs less"""
    calls: tuple[KernelCall, ...]
    """What it was planned for: kernels must be chosen for these"""

    def offset(self, tensor: int) -> int:
        """Offset of an activation in bytes.

        Raises:
            KeyError: The tensor is a constant, lies inside a call or is not part of the plan.
        """
        room = self.rooms[tensor]
        start = next(place.offset for place in self.placements if place.tensor == room.owner)
        return start + room.offset

    def scratch(self, position: int) -> int:
        """Offset of the working memory of the kernel call that starts at `position`, in bytes.

        Raises:
            KeyError: It was planned without.
        """
        wanted = scratch_id(position)
        for place in self.placements:
            if place.tensor == wanted:
                return place.offset
        raise KeyError(f"operator {position} was planned without scratch memory")

    def as_json(self) -> dict[str, Any]:
        """For build records and reports."""
        return {
            "peak": self.peak,
            "lower_bound": self.lower_bound,
            "alignment": ALIGNMENT,
            "steps": [[call.first, call.last] for call in self.calls],
            "tensors": [
                {
                    "name": place.name,
                    "offset": place.offset,
                    "size": place.bytes,
                    "first": place.first,
                    "last": place.last,
                }
                for place in self.placements
            ],
        }


def plan_arena(model: Model, calls: Sequence[KernelCall] | None = None) -> Plan:
    """Places all activations of a verified model in one arena.

    Args:
        model: A verified model.
        calls: What the kernels compute together, their working memory and permitted overlaps;
            `schedule.choose_calls` knows them for an instruction set. By default one operator a
            call, which suits any kernels.

    Returns:
        The best plan found; equal input gives equal plans.

    Raises:
        UnsupportedModel: A place, or all of them, takes more than offsets in the generated C reach.
        ValueError: The calls are not those of this model.
    """
    calls = tuple(calls or single_calls(model))
    check_calls(model, calls)
    lives = lifetimes(model, calls)
    for life in lives:
        _check_bytes(life_name(model, life), life.bytes)
    bound = lower_bound(lives)
    offsets, peak = search(lives, bound)
    _check_bytes("the arena", peak)
    placements = tuple(_placed(model, life, at) for life, at in zip(lives, offsets, strict=True))
    plan = Plan(placements, rooms_of(model, calls), peak, bound, calls)
    collisions = overlaps(plan)
    if collisions:
        raise AssertionError(f"planner placed tensors over each other: {collisions}")
    return plan


def call_bytes(model: Model, call: KernelCall) -> int:
    """Bytes of arena that a call needs at least, with all that lives meanwhile."""
    before = [KernelCall(position, position) for position in range(call.first)]
    after = [KernelCall(position, position) for position in range(call.last + 1, len(model.ops))]
    lives = lifetimes(model, [*before, call, *after])
    return needed([life for life in lives if life.first <= call.last and call.first <= life.last])


def _check_bytes(what: str, size: int) -> None:
    if size > OFFSET_MAX:
        raise UnsupportedModel(
            f"{what} takes {size} bytes; offsets in the generated C end at {OFFSET_MAX}",
            hint="use a smaller input or fewer channels",
        )


def life_name(model: Model, life: Lifetime) -> str:
    """The value's name, or whose working memory it is."""
    if life.tensor < 0:
        return f"scratch of {model.ops[scratch_id(life.tensor)].label}"
    return model.tensor(life.tensor).name


def _placed(model: Model, life: Lifetime, offset: int) -> Placement:
    name = life_name(model, life)
    return Placement(life.tensor, name, offset, life.bytes, life.first, life.last, life.over)


def overlaps(plan: Plan) -> list[tuple[int, int]]:
    """Pairs that share bytes while both are alive, though no kernel allows it: none in a correct
    plan. Quadratic.
    """
    places = plan.placements
    return [
        (a.tensor, b.tensor)
        for position, a in enumerate(places)
        for b in places[position + 1 :]
        if a.first <= b.last
        and b.first <= a.last
        and a.offset < b.offset + b.bytes
        and b.offset < a.offset + a.bytes
        and not _allowed(a, b)
        and not _allowed(b, a)
    ]


def _allowed(output: Placement, source: Placement) -> bool:
    permissions: Iterable[Overlap] = (over for over in output.over if over.tensor == source.tensor)
    return any(over.allows(output.offset - source.offset) for over in permissions)
