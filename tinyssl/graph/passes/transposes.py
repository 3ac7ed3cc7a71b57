"""TRANSPOSE: pairs become one or none, and what moves no byte becomes a view.

litert-torch writes a pair of them around what it does in channels-first order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import Model, Op
from tinyssl.ops.reshape import Reshape
from tinyssl.ops.transpose import Transpose


def merge_transposes(model: Model) -> Model:
    """Lets a TRANSPOSE of a TRANSPOSE read what the first one reads.

    Exact: both only move elements. Where the two cancel each other, readers get the first one's
    input; the first stays where somebody else reads it (`drop_unread` looks after that).
    """
    made: dict[int, Transpose] = {}
    sources: dict[int, int] = {}
    merged: list[Transpose] = []
    ops: list[Op] = []
    for given in model.ops:
        op = given.reading(sources)
        if not isinstance(op, Transpose):
            ops.append(op)
            continue
        first = made.get(op.input)
        if first is not None:
            merged.append(op)
            order = tuple(first.order[axis] for axis in op.order)
            op = replace(op, input=first.input, order=order)
        if first is not None and _cancels(model, op):
            sources[op.output] = op.input
        else:
            made[op.output] = op
            ops.append(op)
    changes = (*model.changes, *changed(ChangeKind.MERGED, merged))
    return replace(model, ops=tuple(ops), changes=changes) if merged else model


def _cancels(model: Model, op: Transpose) -> bool:
    """Whether readers may take what it reads; not where its elements mean other numbers."""
    same = model.tensor(op.input).quant == model.tensor(op.output).quant
    return same and _is_idle(op.order) and op.output not in model.outputs


def _is_idle(order: Sequence[int]) -> bool:
    return list(order) == sorted(order)


def view_transposes(model: Model) -> Model:
    """Makes a TRANSPOSE that only moves dimensions of 1 a RESHAPE, which moves no byte."""
    views = [op for op in model.ops if isinstance(op, Transpose) and _moves_nothing(model, op)]
    if not views:
        return model
    ops = tuple(
        Reshape(index=op.index, input=op.input, output=op.output)
        if isinstance(op, Transpose) and op in views
        else op
        for op in model.ops
    )
    return replace(model, ops=ops, changes=(*model.changes, *changed(ChangeKind.VIEWED, views)))


def _moves_nothing(model: Model, op: Transpose) -> bool:
    shape = model.tensor(op.input).shape
    return _is_idle([axis for axis in op.order if shape[axis] > 1])
