"""The search for offsets: first fit in many orders, and the bound that ends it."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tinyssl.compiler.layout import ALIGNMENT
from tinyssl.compiler.lifetimes import Lifetime

SAMPLES = 400
"""Orders tried when none of the usual ones meets the lower bound"""

PAIRS = SAMPLES * 150**2
"""Most pairs of pieces that these orders may look at: beyond 150 pieces fewer orders are tried, so
that a large graph is planned in seconds"""

Order = list[int]

Interval = tuple[int, int]
"""Offsets strictly between the two are not allowed"""


def aligned(size: int) -> int:
    """Bytes that a piece of storage takes."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def lower_bound(lives: Sequence[Lifetime]) -> int:
    """Bytes that the most demanding operator needs, whatever the plan.

    What is alive together takes the sum of its bytes, but for outputs over inputs: an output that
    may start at most `max_offset` bytes behind the input's start takes, with the input, at least
    the larger of the output, and the input moved on by a negative offset. Where it may lie over
    several inputs, at least these, or itself.
    """
    moments = sorted({life.first for life in lives} | {life.last for life in lives})
    sums = np.array([0] * len(moments))
    for life in lives:
        start, end = bisect_left(moments, life.first), bisect_right(moments, life.last)
        sums[start:end] += aligned(life.bytes)
    best = 0
    for position in np.argsort(-sums, kind="stable"):
        if sums[position] <= best:  # overlaps only make it less
            break
        moment = moments[position]
        best = max(best, needed([life for life in lives if life.first <= moment <= life.last]))
    return best


def needed(alive: Sequence[Lifetime]) -> int:
    """The same for what is alive at one time."""
    total = sum(aligned(life.bytes) for life in alive)
    by_owner = {life.tensor: life for life in alive}
    for life in alive:
        under = [over for over in life.over if over.tensor in by_owner]
        if not under:
            continue
        inputs = sum(aligned(by_owner[over.tensor].bytes) for over in under)
        push = -min(0, under[0].max_offset) if len(under) == 1 and not under[0].exact else 0
        separate = inputs + aligned(life.bytes)
        total -= separate - min(separate, max(inputs + aligned(push), aligned(life.bytes)))
    return total


def search(lives: Sequence[Lifetime], bound: int) -> tuple[list[int], int]:
    """Offsets as in `lives`, and the peak: the best of all orders tried.

    Raises:
        ValueError: There is nothing to place.
    """
    if not lives:
        raise ValueError("a model without activations cannot be planned")
    packer = Packer(lives)
    found = [(packer.place(order), order) for order in usual_orders(lives)]
    best, best_order = min(found, key=lambda pair: pair[0][1])
    source = random.Random(0)
    for _ in range(_samples(len(lives))):
        if best[1] == bound:
            break
        order = _neighbour(best_order, source)
        placed = packer.place(order)
        if placed[1] <= best[1]:  # equal ones, too: the walk must leave a plateau
            best, best_order = placed, order
    return best


def _samples(pieces: int) -> int:
    return min(SAMPLES, PAIRS // pieces**2) if pieces > 1 else 0


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


class Packer:
    """First fit of the same pieces in many orders.

    Args:
        lives: What is placed.
    """

    def __init__(self, lives: Sequence[Lifetime]) -> None:
        self._lives = lives
        self._sizes = [aligned(life.bytes) for life in lives]
        first = np.array([life.first for life in lives])
        last = np.array([life.last for life in lives])
        meets = (first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None])
        self._meets = [row.tobytes() for row in meets]
        self._special = _overlapping(lives)

    def place(self, order: Order) -> tuple[list[int], int]:
        """First fit in this order: offsets as in `lives`, and the peak."""
        offsets = [0] * len(self._lives)
        placed: list[tuple[int, int, int]] = []  # start, end, piece; by start
        for index in order:
            if self._special[index]:
                offset = self._fit_over(index, placed)
            else:
                offset = self._fit(index, placed)
            offsets[index] = offset
            insort(placed, (offset, offset + self._sizes[index], index))
        return offsets, max(end for _, end, _ in placed)

    def _fit(self, index: int, placed: list[tuple[int, int, int]]) -> int:
        """Lowest offset of a piece that may lie over no other."""
        size, meets = self._sizes[index], self._meets[index]
        offset, limit = 0, size
        for start, end, other in placed:
            if start >= limit:
                break  # the gap in front of it is large enough; what comes is further behind
            if end > offset and meets[other]:
                offset, limit = end, end + size
        return offset

    def _fit_over(self, index: int, placed: list[tuple[int, int, int]]) -> int:
        """Lowest offset of a piece that may lie over some other, or the other over it."""
        meets = self._meets[index]
        taken = sorted(
            interval
            for start, _, other in placed
            if meets[other]
            for interval in _forbidden(self._lives[index], self._lives[other], start)
        )
        offset = 0
        for begin, end in taken:
            if begin < offset < end:
                offset = aligned(end)
        return offset


def _overlapping(lives: Sequence[Lifetime]) -> list[bool]:
    """For each piece, whether a permission to overlap names it or is its own."""
    named = {over.tensor for life in lives for over in life.over}
    return [bool(life.over) or life.tensor in named for life in lives]


def place(lives: Sequence[Lifetime], order: Order) -> tuple[list[int], int]:
    """First fit in this order: offsets as in `lives`, and the peak."""
    return Packer(lives).place(order)


def _forbidden(life: Lifetime, other: Lifetime, at: int) -> list[Interval]:
    """Offsets of `life` that collide with `other`, which lies at `at`."""
    low, high = at - aligned(life.bytes), at + aligned(other.bytes)
    if over := life.over_storage(other.tensor):
        if over.exact:
            return [(low, at), (at, high)]
        return [(max(low, at + over.max_offset), high)] if at + over.max_offset < high else []
    if over := other.over_storage(life.tensor):
        if over.exact:
            return [(low, at), (at, high)]
        return [(low, min(high, at - over.max_offset))] if at - over.max_offset > low else []
    return [(low, high)]
