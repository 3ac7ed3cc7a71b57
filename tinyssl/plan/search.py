"""The search for offsets: first fit in many orders, and the bound that ends it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from tinyssl.plan.lifetimes import Lifetime

ALIGNMENT = 16
"""Bytes; enough for any vector load"""

SAMPLES = 400
"""Orders tried when none of the usual ones meets the lower bound"""

Order = list[int]

Interval = tuple[int, int]
"""Offsets strictly between the two are not allowed"""


def aligned(size: int) -> int:
    """Bytes that a piece of storage takes."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def lower_bound(lives: Sequence[Lifetime]) -> int:
    """Bytes that the most demanding operator needs, whatever the plan.

    What is alive together takes the sum of its bytes, but for outputs over inputs: an output that
    may start at most `slack` bytes behind the input's start takes, with the input, at least the
    larger of the output, and the input moved on by a negative slack. Where it may lie over several
    inputs, at least these, or itself.
    """
    moments = {life.first for life in lives} | {life.last for life in lives}
    return max(
        needed([life for life in lives if life.first <= moment <= life.last]) for moment in moments
    )


def needed(alive: Sequence[Lifetime]) -> int:
    """The same for what is alive at one time."""
    total = sum(aligned(life.bytes) for life in alive)
    by_owner = {life.tensor: life for life in alive}
    for life in alive:
        under = [over for over in life.over if over.tensor in by_owner]
        if not under:
            continue
        inputs = sum(aligned(by_owner[over.tensor].bytes) for over in under)
        push = -min(0, under[0].slack) if len(under) == 1 and not under[0].exact else 0
        separate = inputs + aligned(life.bytes)
        total -= separate - min(separate, max(inputs + aligned(push), aligned(life.bytes)))
    return total


def search(lives: Sequence[Lifetime], bound: int) -> tuple[list[int], int]:
    """Offsets as in `lives`, and the peak: the best of all orders tried.

    Raises:
        ValueError: There is nothing to place.
    """
    best: tuple[list[int], int] | None = None
    best_order: Order = []
    for order in usual_orders(lives):
        found = place(lives, order)
        if best is None or found[1] < best[1]:
            best, best_order = found, order
    if best is None:
        raise ValueError("a model without activations cannot be planned")
    source = random.Random(0)
    for _ in range(SAMPLES if len(lives) > 1 else 0):
        if best[1] == bound:
            break
        order = _neighbour(best_order, source)
        found = place(lives, order)
        if found[1] <= best[1]:  # equal ones, too: the walk must leave a plateau
            best, best_order = found, order
    return best


def usual_orders(lives: Sequence[Lifetime]) -> Iterator[Order]:
    """By size, by time from the front and from the back, by length of life, by area."""
    keys: tuple[Callable[[Lifetime], tuple[int, ...]], ...] = (
        lambda life: (-life.bytes, life.first),
        lambda life: (life.first, -life.bytes),
        lambda life: (-life.last, -life.bytes),
        lambda life: (life.first - life.last, -life.bytes),
        lambda life: (-life.bytes * (life.last - life.first + 1), life.first),
    )
    for key in keys:
        ranks = [key(life) for life in lives]
        yield sorted(range(len(lives)), key=ranks.__getitem__)


def _neighbour(order: Order, source: random.Random) -> Order:
    """One to three pieces moved to another place of the order."""
    moved = list(order)
    for _ in range(source.randint(1, 3)):
        moved.insert(source.randrange(len(order)), moved.pop(source.randrange(len(order))))
    return moved


def place(lives: Sequence[Lifetime], order: Order) -> tuple[list[int], int]:
    """First fit in this order: offsets as in `lives`, and the peak."""
    offsets = [0] * len(lives)
    placed: list[int] = []
    for index in order:
        taken = sorted(
            interval
            for other in placed
            if lives[other].meets(lives[index])
            for interval in _forbidden(lives[index], lives[other], offsets[other])
        )
        offset = 0
        for begin, end in taken:
            if begin < offset < end:
                offset = aligned(end)
        offsets[index] = offset
        placed.append(index)
    peak = max(offset + aligned(life.bytes) for offset, life in zip(offsets, lives, strict=True))
    return offsets, peak


def _forbidden(life: Lifetime, other: Lifetime, at: int) -> list[Interval]:
    """Offsets of `life` that collide with `other`, which lies at `at`."""
    low, high = at - aligned(life.bytes), at + aligned(other.bytes)
    if over := life.over_storage(other.tensor):
        if over.exact:
            return [(low, at), (at, high)]
        return [(max(low, at + over.slack), high)] if at + over.slack < high else []
    if over := other.over_storage(life.tensor):
        if over.exact:
            return [(low, at), (at, high)]
        return [(low, min(high, at - over.slack))] if at - over.slack > low else []
    return [(low, high)]
