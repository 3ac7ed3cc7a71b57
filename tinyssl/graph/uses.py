"""Who writes and who reads a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from tinyssl.graph.model import LASTING, Model

ACTING = ("CALL", "CALL_ONCE", "IF", "WHILE")
"""Operators whose subgraphs may write variables"""


def inner_values(model: Model, positions: range) -> set[int]:
    """What consecutive operators write, but for what the last one writes."""
    return {index for position in positions[:-1] for index in model.ops[position].outputs}


def is_read_outside(model: Model, value: int, positions: range) -> bool:
    """Whether an operator at another position, the next inference, or the caller reads a value."""
    readers = (at for at, op in enumerate(model.ops) if value in op.inputs)
    lasts = value in model.outputs or model.tensor(value).kind in LASTING
    return lasts or any(at not in positions for at in readers)


class Dataflow(Protocol):
    """An operator, as the file or the graph has it."""

    @property
    def kind(self) -> str:
        """TFLite's name."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """Values that it reads."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """Values that it writes."""


AnyOp = TypeVar("AnyOp", bound=Dataflow)


def split_unread(ops: Sequence[AnyOp], kept: Iterable[int]) -> tuple[list[AnyOp], list[AnyOp]]:
    """Operators whose results somebody reads, and the others; both in order.

    An operator without results, or with a subgraph, is there for what it does to variables.

    Args:
        ops: In the order of execution.
        kept: Values that the caller reads, or the next inference.
    """
    wanted = set(kept)
    read: list[AnyOp] = []
    unread: list[AnyOp] = []
    for op in reversed(ops):
        acts = not op.outputs or op.kind in ACTING
        if acts or not wanted.isdisjoint(op.outputs):
            wanted.update(op.inputs)
            read.append(op)
        else:
            unread.append(op)
    return read[::-1], unread[::-1]


def written_values(model: Model) -> list[int]:
    """What the operators write, in order of execution, without what lasts."""
    return [
        index for op in model.ops for index in op.outputs if model.tensor(index).kind not in LASTING
    ]
