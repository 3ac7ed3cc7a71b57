"""Who writes and who reads a value."""

from __future__ import annotations

from tinyssl.graph.model import Model


def inner_values(model: Model, positions: range) -> set[int]:
    """What consecutive operators write, but for what the last one writes."""
    return {index for position in positions[:-1] for index in model.ops[position].outputs}


def is_read_outside(model: Model, value: int, positions: range) -> bool:
    """Whether an operator at another position, or the caller of the model, reads a value."""
    readers = (at for at, op in enumerate(model.ops) if value in op.inputs)
    return value in model.outputs or any(at not in positions for at in readers)
