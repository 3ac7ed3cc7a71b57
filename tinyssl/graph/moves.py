"""Operators behind each other that only move elements become one copy.

Converters from PyTorch write a shuffle of channels as TRANSPOSE, RESHAPE, TRANSPOSE, RESHAPE,
GATHER, TRANSPOSE. Which element of the first input each element of the last output is follows from
the operators' own folding of constants: they fold the numbers of the elements.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import LASTING, DType, Model, Op, Value
from tinyssl.ops import OPS, spec_of
from tinyssl.ops.common.copy import LOOPS

ELEMENTS_MAX = 2**20
"""Of a value whose elements are numbered"""

Numbers = NDArray[np.int32]


def join_moves(model: Model) -> Model:
    """Puts one MOVE in the place of two and more copies behind each other.

    Exact: the bytes are only copied. What nobody reads any more goes.
    """
    producers = {index: op for op in model.ops for index in op.outputs}
    ends = [op for op in model.ops if _moves(model, op) and not _moved_on(model, op)]
    joined = {op.index: made for op in ends if (made := _joined(model, producers, op))}
    if not joined:
        return model
    ops = [joined.get(op.index, op) for op in model.ops]
    return replace(model, ops=_read_ones(model, ops))


def _moves(model: Model, op: Op) -> bool:
    """Whether an operator moves the elements of one activation, or views them."""
    spec = OPS.get(op.kind)
    if spec is None or spec.fold is None or not (spec.is_view or spec.moves):
        return False
    first, *others = op.inputs
    return not model.tensor(first).constant and all(model.tensor(i).constant for i in others)


def _moved_on(model: Model, op: Op) -> bool:
    """Whether all that read its output move it further; not what lasts, which changes meanwhile."""
    value = op.outputs[0]
    readers = [other for other in model.ops if value in other.inputs]
    seen = value in model.outputs or _lasts(model.tensor(value))
    return bool(readers) and not seen and all(_moves(model, other) for other in readers)


def _passes_on(model: Model, op: Op) -> bool:
    return _moves(model, op) and _moved_on(model, op)


def _joined(model: Model, producers: dict[int, Op], last: Op) -> Op | None:
    """The copy that does what a chain does; None where there is no gain."""
    chain = [last]
    while (before := producers.get(chain[0].inputs[0])) and _passes_on(model, before):
        chain.insert(0, before)
    source = model.tensor(chain[0].inputs[0])
    sizes = [source.elements, *(model.tensor(op.outputs[0]).elements for op in chain)]
    copies = sum(not spec_of(op).is_view for op in chain)
    if copies < 2 or max(sizes) > ELEMENTS_MAX or source.constant or _lasts(source):
        return None
    loops = _loops(_numbered(model, chain).ravel())
    if loops is None or len(loops) > LOOPS:
        return None
    made: Op = OPS["MOVE"].op(
        index=last.index,
        input=chain[0].inputs[0],
        output=last.outputs[0],
        counts=tuple(count for count, _ in loops),
        steps=tuple(step for _, step in loops),
        start=int(_numbered(model, chain).flat[0]),
        kinds=tuple(op.kind for op in chain),
    )
    return made


def _lasts(value: Value) -> bool:
    """What a later operator may overwrite is read where the file reads it."""
    return value.kind in LASTING


def _numbered(model: Model, chain: list[Op]) -> Numbers:
    """For each element of the last output, the number of the first input's."""
    values = list(model.tensors)
    first = chain[0].inputs[0]
    shape = values[first].shape
    array = np.arange(prod(shape), dtype=np.int32).reshape(shape)
    for op in chain:
        index = op.inputs[0]
        values[index] = replace(values[index], dtype=DType.INT32, data=array.tobytes())
        fold = spec_of(op).fold
        results = fold(values, op) if fold else None
        if results is None:
            return np.zeros(0, np.int32)
        array = np.ascontiguousarray(results[0])
    return array


def _loops(numbers: Numbers) -> list[tuple[int, int]] | None:
    """Rounds and steps of nested loops that give these numbers, the outermost first."""
    found: list[tuple[int, int]] = []
    rest = numbers.astype(np.int64)
    if not rest.size:
        return None
    while rest.size > 1 and len(found) <= LOOPS:
        step = int(rest[1] - rest[0])
        uneven = np.flatnonzero(np.diff(rest) != step)
        most = int(uneven[0]) + 1 if uneven.size else rest.size
        counts = (count for count in range(most, 1, -1) if rest.size % count == 0)
        count = next((count for count in counts if _repeats(rest, count, step)), None)
        if count is None:
            return None
        found.insert(0, (count, step))
        rest = rest[::count]
    return found if rest.size == 1 else None


def _repeats(numbers: NDArray[np.int64], count: int, step: int) -> bool:
    """Whether the numbers are rows of so many, each with this step."""
    rows = numbers.reshape(-1, count)
    return bool(np.all(rows - rows[:, :1] == step * np.arange(count)))


def _read_ones(model: Model, ops: list[Op]) -> tuple[Op, ...]:
    """The operators without copies and views that nobody reads."""
    needed = {*model.outputs}
    kept: list[Op] = []
    for op in reversed(ops):
        unread = needed.isdisjoint(op.outputs)
        if unread and _moves(model, op):
            continue
        needed.update(op.inputs)
        kept.insert(0, op)
    return tuple(kept)
