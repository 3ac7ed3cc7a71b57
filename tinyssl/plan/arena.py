"""Static arena planning: offsets from lifetimes.

Greedy: tensors are taken in some order, each goes to the lowest gap that is free during its whole
life. The best order is NP-hard to find (dynamic storage allocation), so several are tried and then
neighbours of the best are sampled with a fixed seed; the search ends as soon as the lower bound is
met, which no plan can beat. Cost: O(n^2) an order for n tensors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tinyssl.ir.model import Model
from tinyssl.plan.lifetimes import Lifetime, lifetimes, scratch_id, storage_of

ALIGNMENT = 16
"""Bytes; enough for any vector load"""

SAMPLES = 300
"""Orders tried when none of the usual ones meets the lower bound"""


@dataclass(frozen=True)
class Placement:
    """Storage of a tensor, or scratch memory of an operator, in the arena."""

    tensor: int
    """Index of the tensor; below 0 for scratch memory"""
    name: str
    offset: int
    """Bytes from the start of the arena, a multiple of `ALIGNMENT`"""
    bytes: int
    first: int
    """Position of the operator that writes it; -1: the model's input"""
    last: int
    """Position of its last reader; number of operators: the model's output"""

    @property
    def end(self) -> int:
        return self.offset + _aligned(self.bytes)


@dataclass(frozen=True)
class Plan:
    """Offsets of all activations."""

    placements: tuple[Placement, ...]
    """One for each piece of storage, by first use"""
    storage: dict[int, int]
    """Activation -> the tensor whose storage it uses (RESHAPE shares)"""
    peak: int
    """Bytes of the arena"""
    lower_bound: int
    """Most bytes alive at one operator: no plan without recomputation needs less"""

    def offset(self, tensor: int) -> int:
        """Offset of an activation in bytes.

        Raises:
            KeyError: The tensor is a constant or not part of the plan.
        """
        owner = self.storage[tensor]
        return next(place.offset for place in self.placements if place.tensor == owner)

    def scratch(self, position: int) -> int:
        """Offset of the scratch memory of the operator at `position`, in bytes.

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


def plan_arena(model: Model, scratch: Mapping[int, int] | None = None) -> Plan:
    """Places all activations of a verified model in one arena.

    Args:
        model: A verified model.
        scratch: Bytes of scratch memory by position of the operator; `emit.scratch_bytes` knows
            what the kernels of an instruction set need. The reference kernels need none.

    Returns:
        The best plan found; equal models give equal plans.
    """
    lives = lifetimes(model, scratch)
    bound = _lower_bound(lives)
    offsets, peak = _search(lives, bound)
    placements = tuple(
        Placement(
            life.tensor,
            _name(model, life.tensor),
            offset,
            life.bytes,
            life.first,
            life.last,
        )
        for life, offset in zip(lives, offsets, strict=True)
    )
    plan = Plan(placements, storage_of(model), peak, bound)
    collisions = overlaps(plan)
    if collisions:
        raise AssertionError(f"planner placed tensors over each other: {collisions}")
    return plan


def _name(model: Model, owner: int) -> str:
    if owner < 0:
        return f"scratch of {model.ops[scratch_id(owner)].label}"
    return model.tensor(owner).name


def overlaps(plan: Plan) -> list[tuple[int, int]]:
    """Pairs of tensors that share bytes while both are alive: none in a correct plan. Quadratic."""
    places = plan.placements
    return [
        (a.tensor, b.tensor)
        for position, a in enumerate(places)
        for b in places[position + 1 :]
        if a.first <= b.last
        and b.first <= a.last
        and a.offset < b.offset + b.bytes
        and b.offset < a.offset + a.bytes
    ]


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _lower_bound(lives: list[Lifetime]) -> int:
    moments = {life.first for life in lives} | {life.last for life in lives}
    return max(
        sum(_aligned(life.bytes) for life in lives if life.first <= moment <= life.last)
        for moment in moments
    )


Order = list[int]


def _search(lives: list[Lifetime], bound: int) -> tuple[list[int], int]:
    best: tuple[list[int], int] | None = None
    best_order: Order = []
    for order in _usual_orders(lives):
        found = _place(lives, order)
        if best is None or found[1] < best[1]:
            best, best_order = found, order
    if best is None:
        raise ValueError("a model without activations cannot be planned")
    for order in _neighbours(best_order):
        if best[1] == bound:
            break
        found = _place(lives, order)
        if found[1] < best[1]:
            best = found
    return best


def _usual_orders(lives: list[Lifetime]) -> Iterator[Order]:
    keys: tuple[Callable[[Lifetime], tuple[int, ...]], ...] = (
        lambda life: (-life.bytes, life.first),
        lambda life: (life.first, -life.bytes),
        lambda life: (life.first - life.last, -life.bytes),
        lambda life: (-life.bytes * (life.last - life.first + 1), life.first),
    )
    for key in keys:
        ranks = [key(life) for life in lives]
        yield sorted(range(len(lives)), key=ranks.__getitem__)


def _neighbours(order: Order) -> Iterator[Order]:
    """Random moves of one tensor to another place of the order, from a fixed seed."""
    source = random.Random(0)
    for _ in range(SAMPLES if len(order) > 1 else 0):
        moved = list(order)
        for _ in range(source.randint(1, 3)):
            moved.insert(source.randrange(len(order)), moved.pop(source.randrange(len(order))))
        yield moved


def _place(lives: list[Lifetime], order: Order) -> tuple[list[int], int]:
    """First fit in this order: offsets as in `lives`, and the peak."""
    offsets = [0] * len(lives)
    placed: list[int] = []
    for index in order:
        size = _aligned(lives[index].bytes)
        taken = sorted(
            (offsets[other], offsets[other] + _aligned(lives[other].bytes))
            for other in placed
            if lives[other].meets(lives[index])
        )
        offset = 0
        for begin, end in taken:
            if offset + size <= begin:
                break
            offset = max(offset, end)
        offsets[index] = offset
        placed.append(index)
    peak = max(offset + _aligned(life.bytes) for offset, life in zip(offsets, lives, strict=True))
    return offsets, peak
