"""Which operators that join or cut values need not move them, or not all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.layout import layout_of
from tinyssl.compiler.lifetimes import lifetimes
from tinyssl.compiler.search import lower_bound, search
from tinyssl.graph.model import Model
from tinyssl.ops import spec_of
from tinyssl.ops.common.overlap import SubValue

Calls = tuple[KernelCall, ...]


def lay_in_place(model: Model, calls: Sequence[KernelCall]) -> Calls:
    """The calls, with parts laid that may be and do not make the arena larger.

    Values that share storage live as long as the longest of them, so what saves a copy may cost
    memory. Each call is taken by itself, in the order of execution, if the lower bound does not
    grow; then the last ones are given up as long as the arena found is larger than without any. A
    call of which only some parts can be laid moves the others.

    Args:
        model: A verified model.
        calls: With their kernels.
    """
    moving = tuple(calls)
    found = _within_bound(model, moving)
    if found == moving:
        return moving
    most = _arena_bytes(model, moving)
    taken = [at for at, call in enumerate(found) if call.parts]
    while taken and _arena_bytes(model, found) > most:
        at = taken.pop()
        found = _replaced(found, at, moving[at])
    return found


def _within_bound(model: Model, calls: Calls) -> Calls:
    """All parts laid that leave the lower bound as it is, or lower it."""
    found, least = calls, None
    for at in range(len(calls)):
        for tried in _ways(model, found, at):
            least = _bound(model, found) if least is None else least
            if (needed := _bound(model, tried)) <= least:
                found, least = tried, needed
                break
    return found


def _ways(model: Model, calls: Calls, at: int) -> Iterator[Calls]:
    """Ways to lay parts of a call, from as many as can be to single ones."""
    call = calls[at]
    if call.kernel is None or call.first != call.last:
        return
    op = model.ops[call.first]
    parts = spec_of(op).parts(model, op)
    if parts and _fits(model, whole := _laid(calls, at, parts, len(parts))):
        yield whole
    if not call.partial or len(parts) < 2:
        return
    fitting: tuple[SubValue, ...] = ()
    values = [part.value for part in parts]
    for part in parts:
        more = (*fitting, part)
        if values.count(part.value) == 1 and _fits(model, _laid(calls, at, more, len(parts))):
            fitting = more
    if 0 < len(fitting) < len(parts):
        yield _laid(calls, at, fitting, len(parts))
    if len(fitting) > 1:
        yield from (_laid(calls, at, (part,), len(parts)) for part in fitting)


def _laid(calls: Calls, at: int, parts: tuple[SubValue, ...], count: int) -> Calls:
    """The calls, with parts of one laid; it needs no kernel where these are all."""
    call = calls[at]
    if len(parts) == count:
        return _replaced(calls, at, KernelCall(call.first, call.last, parts=parts))
    return _replaced(calls, at, replace(call, parts=parts))


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
