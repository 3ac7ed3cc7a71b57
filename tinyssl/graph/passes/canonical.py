"""What canonical form does without: idle reshapes, options that change nothing, odd numbers."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.model import Model, Op
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.reshape import Reshape


def drop_idle_reshapes(model: Model) -> Model:
    """Leaves out RESHAPEs that keep the shape, and those whose readers only see the elements.

    Exact: FULLY_CONNECTED flattens its input whatever its shape.
    """
    reshapes = [op for op in model.ops if isinstance(op, Reshape)]
    idle = [op for op in reshapes if _idle(model, op)]
    sources: dict[int, int] = {}
    for op in idle:  # in order of execution: what an idle one reads is resolved already
        sources[op.output] = sources.get(op.input, op.input)
    ops = tuple(op.reading(sources) for op in model.ops if op not in idle)
    return replace(model, ops=ops)


def _idle(model: Model, op: Reshape) -> bool:
    source, target = model.tensor(op.input), model.tensor(op.output)
    if op.output in model.outputs or source.quant != target.quant:
        return False
    readers = [other for other in model.ops if op.output in other.inputs]
    dense = all(isinstance(reader, FullyConnected) for reader in readers)
    keeps = any(isinstance(reader, FullyConnected) and reader.keep_num_dims for reader in readers)
    return source.shape == target.shape or (bool(readers) and dense and not keeps)


def plain_options(model: Model) -> Model:
    """Clears `keep_num_dims` where the input has two dimensions: it changes nothing there."""

    def plain(op: Op) -> Op:
        flat = isinstance(op, FullyConnected) and len(model.tensor(op.input).shape) == 2
        return replace(op, keep_num_dims=False) if isinstance(op, FullyConnected) and flat else op

    return replace(model, ops=tuple(plain(op) for op in model.ops))


def renumber(model: Model) -> Model:
    """Numbers operators by position, as the written file will."""
    return replace(model, ops=tuple(replace(op, index=index) for index, op in enumerate(model.ops)))
