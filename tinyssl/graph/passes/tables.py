"""Elementwise operators of integers that depend on one value become a table of 256 outputs.

SiLU (LOGISTIC and MUL with its input), a hard sigmoid (ADD, RELU6, MUL by a constant), the gate of
a squeeze-and-excitation block (MINIMUM, RELU): what lies between two bytes is computed here for
each of the 256 inputs, by `OpSpec.codes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

import numpy as np

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import DType, Model, Op, ValueKind
from tinyssl.ops import OPS
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Numbers
from tinyssl.ops.common.table import as_int8, byte_codes
from tinyssl.ops.table import BYTES, ByteTable

TABLE_FROM = 256
"""Elements from which a table takes the place of a single operator"""
COMPUTED = (ValueKind.INPUT, ValueKind.OUTPUT, ValueKind.ACTIVATION)
"""Kinds of values that hold one thing in an inference"""

Sources = dict[int, Numbers]
"""Values of which another one is a function, the first computed ahead -> what it is for each byte
of theirs, in the order of a table"""


@dataclass(frozen=True)
class _Group:
    """Operators from one value to another."""

    source: int
    ops: tuple[Op, ...]
    """In order of execution"""


def compose_tables(model: Model) -> Model:
    """Puts one TABLE in the place of elementwise operators between two values.

    Exact: all 256 inputs are computed. A single operator stays where its kernel is a table already,
    or where the table is larger than what it reads.
    """
    sources = _find_sources(model)
    groups = _choose_groups(model, sources)
    if not groups:
        return model
    made = {end: _table(group, end, sources[end][group.source]) for end, group in groups.items()}
    ops = tuple(made.get(op.outputs[0], op) if op.outputs else op for op in model.ops)
    replaced = {op.index: op for group in groups.values() for op in group.ops}
    changes = changed(ChangeKind.TABLED, (replaced[index] for index in sorted(replaced)))
    kept = _read_ones(model, ops, {*replaced})
    return replace(model, ops=kept, changes=(*model.changes, *changes))


def _find_sources(model: Model) -> dict[int, Sources]:
    """Of every value that is computed."""
    found: dict[int, Sources] = {index: _itself(model, index) for index in model.inputs}
    for op in model.ops:
        for index in op.outputs:
            found[index] = {**_sources_of(model, op, found), **_itself(model, index)}
    return found


def _itself(model: Model, index: int) -> Sources:
    """A byte is a function of itself."""
    value = model.tensor(index)
    is_byte = value.dtype in BYTES and value.kind in COMPUTED
    return {index: byte_codes(value.dtype)} if is_byte else {}


def _sources_of(model: Model, op: Op, known: Mapping[int, Sources]) -> Sources:
    """Of what an operator gives: those that all its inputs have, in one shape."""
    spec = OPS[op.kind]
    computed = [index for index in op.inputs if not model.tensor(index).constant]
    if spec.codes is None or not computed or len(op.outputs) != 1:
        return {}
    output = model.tensor(op.outputs[0])
    shapes = {model.tensor(index).shape for index in (*computed, *op.outputs)}
    if len(shapes) > 1 or output.kind not in COMPUTED:
        return {}
    constants = _constants(model, {*op.inputs} - {*computed})
    if constants is None:
        return {}
    found: Sources = {}
    for source in known.get(computed[0], {}):
        if all(source in known.get(index, {}) for index in computed):
            given = {index: known[index][source] for index in computed} | constants
            codes = spec.codes(model, op, [given[index] for index in op.inputs])
            if codes is not None:
                found[source] = np.asarray(codes, np.int64)
    return found


def _constants(model: Model, indices: Iterable[int]) -> Sources | None:
    """The number that all elements of each integer constant are; None where they differ."""
    found: Sources = {}
    for index in indices:
        elements = model.tensor(index).array().ravel()
        if elements.dtype.kind == "f" or not np.all(elements == elements[0]):
            return None
        found[index] = elements[:1].astype(np.int64)
    return found


def _choose_groups(model: Model, sources: Mapping[int, Sources]) -> dict[int, _Group]:
    """By last value, what a table is made of.

    A value that others read anyway is the source of what depends on it; else the first one that is
    computed.
    """
    free = {index for index, found in sources.items() if {*found} - {index}}
    hard = {
        *model.outputs,
        *(index for op in model.ops if free.isdisjoint(op.outputs) for index in op.inputs),
    }
    producers = {index: op for op in model.ops for index in op.outputs}
    needed, groups = set(hard), {}
    for op in reversed(model.ops):
        end = op.outputs[0] if op.outputs else -1
        if end not in free or end not in needed:
            continue
        candidates = [index for index in sources[end] if index != end]
        read = [index for index in candidates if index in hard]
        group = _group(producers, read[-1] if read else candidates[0], end)
        if model.tensor(end).dtype in (*BYTES, DType.BOOL) and _pays(model, group):
            groups[end] = group
            needed.add(group.source)
        else:
            needed.update(op.inputs)
    return groups


def _group(producers: Mapping[int, Op], source: int, end: int) -> _Group:
    """The operators between two values."""
    waiting, found = [end], dict[int, Op]()
    while waiting:
        index = waiting.pop()
        if index != source and index in producers and index not in found:
            found[index] = producers[index]
            waiting += producers[index].inputs
    order = [op for op in producers.values() if any(op is other for other in found.values())]
    return _Group(source, tuple(order))


def _pays(model: Model, group: _Group) -> bool:
    """Whether a table is better than the operators."""
    if len(group.ops) > 1:
        return True
    (op,) = group.ops
    return not isinstance(op, UnaryOp) and model.tensor(group.source).elements >= TABLE_FROM


def _table(group: _Group, end: int, codes: Numbers) -> ByteTable:
    return ByteTable(
        index=group.ops[-1].index,
        input=group.source,
        output=end,
        entries=tuple(as_int8(codes).tolist()),
        kinds=tuple(op.kind for op in group.ops),
    )


def _read_ones(model: Model, ops: Iterable[Op], replaced: Set[int]) -> tuple[Op, ...]:
    """The operators without those of a group that nobody reads any more."""
    needed = {*model.outputs}
    kept: list[Op] = []
    for op in reversed([*ops]):
        if op.index not in replaced or not needed.isdisjoint(op.outputs):
            needed.update(op.inputs)
            kept.insert(0, op)
    return tuple(kept)
