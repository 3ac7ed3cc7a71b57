"""First and last use of each piece of storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyssl.ir.model import Model
from tinyssl.ir.ops import Reshape


@dataclass(frozen=True)
class Lifetime:
    """An activation that needs storage of its own, and when."""

    tensor: int
    """Index of the tensor; `scratch_id` of the operator for its scratch memory"""
    bytes: int
    first: int
    """Position of the operator that writes it; -1 for the model's input"""
    last: int
    """Position of the last operator that reads it; past the last operator for the output"""

    def meets(self, other: Lifetime) -> bool:
        """Both hold a value at one time."""
        return self.first <= other.last and other.first <= self.last


def scratch_id(position: int) -> int:
    """Stands for the scratch memory of the operator at `position`: no tensor has such an index."""
    return -1 - position


def storage_of(model: Model) -> dict[int, int]:
    """Activation -> the tensor whose storage it uses: its own, or its input's after RESHAPE."""
    storage = {index: index for index in model.inputs}
    for op in model.ops:
        storage[op.output] = storage[op.inputs[0]] if isinstance(op, Reshape) else op.output
    return storage


def lifetimes(model: Model, scratch: Mapping[int, int] | None = None) -> list[Lifetime]:
    """Lifetimes of all storage, in order of first use; scratch memory behind.

    The input lives from before the first operator to its last reader and may be overwritten then;
    the output lives on after the last operator.

    Args:
        model: A verified model.
        scratch: Bytes that the kernel of an operator works with, by position; it lives for that
            operator alone.
    """
    storage = storage_of(model)
    first = dict.fromkeys(model.inputs, -1)
    last = dict(first)
    for position, op in enumerate(model.ops):
        owner = storage[op.output]
        first.setdefault(owner, position)
        last[owner] = max(last.get(owner, position), position)
        for index in op.inputs:
            if index in storage:
                last[storage[index]] = position
    for index in model.outputs:
        last[storage[index]] = len(model.ops)
    tensors = [
        Lifetime(owner, model.tensor(owner).bytes, start, last[owner])
        for owner, start in first.items()
    ]
    return tensors + [
        Lifetime(scratch_id(position), size, position, position)
        for position, size in sorted((scratch or {}).items())
    ]
