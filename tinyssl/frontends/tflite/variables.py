"""Resource variables of a file: which handles mean which variable, and their first values.

VAR_HANDLE gives the handle of the variable of a name; CALL_ONCE runs another subgraph before all
else, in the first inference alone. Neither does anything later, so the reader replaces both: each
variable becomes one value of kind STATE, which stands wherever one of its handles stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tinyssl.core.errors import Blocker
from tinyssl.core.text import printable
from tinyssl.frontends.tflite.diagnosis import RawOp
from tinyssl.graph.model import DType, Value, ValueKind

HANDLE, CALL, ASSIGN = "VAR_HANDLE", "CALL_ONCE", "ASSIGN_VARIABLE"
RUN_ONCE = (HANDLE, CALL)
"""Operators that the graph does without"""
USES = ("READ_VARIABLE", ASSIGN)

Name = tuple[bytes, bytes]
"""Container and shared name"""


class Subgraph(Protocol):
    """One subgraph, as the reader shows it."""

    @property
    def ops(self) -> Sequence[RawOp]:
        """Its operators, in order."""

    def options(self, op: RawOp, table: str) -> Any:
        """Its options, by the schema's object API."""

    def value(self, index: int) -> Value | None:
        """A tensor; None where something about it is not supported."""


@dataclass(frozen=True)
class Variables:
    """What handles of the first subgraph mean."""

    handles: Mapping[int, int]
    """Each handle's tensor -> the tensor of the first handle of that variable"""
    states: Mapping[int, Value]
    """Tensor of a variable's first handle -> the variable"""
    blockers: Sequence[Blocker]


def find_variables(graph: Subgraph, called: Mapping[int, Subgraph]) -> Variables:
    """The variables of a file.

    Args:
        graph: Its first subgraph.
        called: Position of each CALL_ONCE in it -> the subgraph that it runs.
    """
    names = handle_names(graph)
    first: dict[Name, int] = {}
    for index, name in names.items():
        first.setdefault(name, index)
    blockers = [*_order_blockers(graph)]
    written: dict[Name, Value] = {}
    for name, value in _assigned(graph, names):
        written.setdefault(name, value)
    values: dict[Name, Value] = {}
    for position, inner in called.items():
        blockers += _call_blockers(graph.ops[position], inner)
        values |= _assigned(inner, handle_names(inner))
    states = {}
    for name, index in first.items():
        form, start = written.get(name, values.get(name)), values.get(name)
        if form is not None:
            states[index] = _state(name, form, start)
    handles = {index: first[name] for index, name in names.items()}
    return Variables(handles, states, blockers)


def handle_names(graph: Subgraph) -> dict[int, Name]:
    """Tensor of each handle -> the variable's name."""
    found = {}
    for op in graph.ops:
        if op.kind == HANDLE and len(op.outputs) == 1:
            found[op.outputs[0]] = variable_name(graph.options(op, "VarHandleOptions"))
    return found


def variable_name(options: Any) -> Name:
    """The name in a handle's options, by the schema's object API; None: it has no options."""
    container, name = (options.container, options.sharedName) if options else (b"", b"")
    return container or b"", name or b""


def _assigned(graph: Subgraph, names: Mapping[int, Name]) -> Iterator[tuple[Name, Value]]:
    """Each assignment, in order."""
    for op in graph.ops:
        if op.kind == ASSIGN and len(op.inputs) == 2 and op.inputs[0] in names:
            value = graph.value(op.inputs[1])
            if value is not None:
                yield names[op.inputs[0]], value


def _state(name: Name, form: Value, start: Value | None) -> Value:
    """A variable of the form of what is written to it.

    Without a first value TFLM fills it, whatever its type, with bytes of the zero point.
    """
    data = None if start is None else start.data
    zero = form.quant.zero_point[0] if form.quant else 0
    if data is None and zero and form.dtype is not DType.INT8:
        data = bytes([zero & 0xFF]) * form.bytes
    text = printable(b"/".join(part for part in name if part).decode("utf-8", "replace"))
    return Value(text or "variable", form.shape, form.dtype, form.quant, data, ValueKind.STATE)


def _order_blockers(graph: Subgraph) -> Iterator[Blocker]:
    """CALL_ONCE stands before all that uses a variable: else the first inference sees another."""
    used = False
    for op in graph.ops:
        used = used or op.kind in USES
        if op.kind == CALL and used:
            yield Blocker(op.label, "it runs after a variable was used")


def _call_blockers(call: RawOp, inner: Subgraph) -> Iterator[Blocker]:
    """The first values are constants of the file."""
    others = sorted({op.kind for op in inner.ops} - {HANDLE, ASSIGN})
    if others:
        text = f"its subgraph computes first values with {', '.join(others)}"
        yield Blocker(call.label, f"{text}; constants are supported")
        return
    for op in inner.ops:
        if op.kind == ASSIGN:
            value = inner.value(op.inputs[-1])
            if value is not None and value.data is None:
                yield Blocker(call.label, f"the first value {value.name} is not a constant")
