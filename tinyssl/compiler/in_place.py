"""Which operators that join or cut values need not move them."""

from __future__ import annotations

from collections.abc import Sequence

from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.layout import layout_of
from tinyssl.compiler.lifetimes import lifetimes
from tinyssl.compiler.search import lower_bound, search
from tinyssl.graph.model import Model
from tinyssl.ops import spec_of

Calls = tuple[KernelCall, ...]


def lay_in_place(model: Model, calls: Sequence[KernelCall]) -> Calls:
    """The calls, with those in place that may be and do not make the arena larger.

    Values that share storage live as long as the longest of them, so what saves a copy may cost
    memory. Each call is taken by itself, in the order of execution, if the lower bound does not
    grow; then the last ones are given up as long as the arena found is larger than without any.

    Args:
        model: A verified model.
        calls: With their kernels.
    """
    moving = tuple(calls)
    found = _within_bound(model, moving)
    if found == moving:
        return moving
    most = _arena_bytes(model, moving)
    taken = [at for at, call in enumerate(found) if call.in_place]
    while taken and _arena_bytes(model, found) > most:
        at = taken.pop()
        found = _replaced(found, at, moving[at])
    return found


def _within_bound(model: Model, calls: Calls) -> Calls:
    """All in place that leave the lower bound as it is, or lower it."""
    found, least = calls, None
    for at, call in enumerate(calls):
        if not _may_be_in_place(model, call):
            continue
        least = _bound(model, found) if least is None else least
        tried = _replaced(found, at, KernelCall(call.first, call.last, in_place=True))
        if _fits(model, tried) and (needed := _bound(model, tried)) <= least:
            found, least = tried, needed
    return found


def _may_be_in_place(model: Model, call: KernelCall) -> bool:
    op = model.ops[call.first]
    return (
        call.kernel is not None and call.first == call.last and bool(spec_of(op).parts(model, op))
    )


def _replaced(calls: Calls, at: int, call: KernelCall) -> Calls:
    return (*calls[:at], call, *calls[at + 1 :])


def _fits(model: Model, calls: Calls) -> bool:
    try:
        layout_of(model, calls)
    except ValueError:
        return False
    return True


def _bound(model: Model, calls: Calls) -> int:
    return lower_bound(lifetimes(model, calls))


def _arena_bytes(model: Model, calls: Calls) -> int:
    lives = lifetimes(model, calls)
    return search(lives, lower_bound(lives))[1]
