"""Who writes and who reads a value."""

from __future__ import annotations

from tinyssl.graph.model import Model, ValueKind


def inner_values(model: Model, positions: range) -> set[int]:
    """What consecutive operators write, but for what the last one writes."""
    return {index for position in positions[:-1] for index in model.ops[position].outputs}


def is_read_outside(model: Model, value: int, positions: range) -> bool:
    """Whether an operator at another position, the next inference, or the caller reads a value."""
    readers = (at for at, op in enumerate(model.ops) if value in op.inputs)
    lasts = value in model.outputs or model.tensor(value).kind is ValueKind.STATE
    return lasts or any(at not in positions for at in readers)
