"""When a state is read and written, and which copies of resource variables can go.

READ_VARIABLE copies a variable and ASSIGN_VARIABLE copies into it. Both copies go where nobody can
tell: a reader may read the state itself if it is not written in between, and an operator may write
its result into the state itself if nobody needs the last value any more. So CONCATENATION(state,
new) -> STRIDED_SLICE -> state, the pattern of streaming models, costs what a copy inside one
buffer costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinyssl.graph.model import Model, Op, Role, ValueKind
from tinyssl.ops import OPS, spec_of
from tinyssl.ops.common.variables import AssignVariable, ReadVariable


def writes(model: Model, state: int) -> list[int]:
    """Positions of the operators that change a state."""
    return [
        position
        for position, op in enumerate(model.ops)
        if state in op.outputs or state in op.of_role(Role.STATE)
    ]


def last_use(model: Model, value: int) -> int:
    """Position of the last operator that reads a value or a view of it; -1 where none does."""
    last = -1
    shared = {value}
    for position, op in enumerate(model.ops):
        if not shared.isdisjoint(op.inputs):
            last = position
            if _is_view(op) and op.inputs[0] in shared:
                shared |= {*op.outputs}
    return len(model.ops) if shared & {*model.outputs} else last


def outlived_views(model: Model) -> Iterator[Op]:
    """Views of a state that somebody reads when the state holds another value already."""
    for state in model.of_kind(ValueKind.STATE):
        changes = writes(model, state)
        for position, op in enumerate(model.ops):
            if _is_view(op) and op.inputs[0] == state:
                last = last_use(model, op.outputs[0])
                if any(position < change <= last for change in changes):
                    yield op


def settle_variables(model: Model) -> Model:
    """Leaves out the copies of READ_VARIABLE and ASSIGN_VARIABLE that nobody can tell."""
    for kind, settle in ((ReadVariable, _read_in_place), (AssignVariable, _write_in_place)):
        for index in [op.index for op in model.ops if isinstance(op, kind)]:
            model = settle(model, next(op for op in model.ops if op.index == index))
    return model


def _read_in_place(model: Model, op: Op) -> Model:
    """Readers of the copy read the state, if it holds the same value until the last of them."""
    (state,), (copy,) = op.inputs, op.outputs
    position = model.position(op)
    last = last_use(model, copy)
    changed = any(position < change <= last for change in writes(model, state))
    if changed or copy in model.outputs or not _same_form(model, state, copy):
        return model
    return replace(
        model, ops=tuple(other.reading({copy: state}) for other in model.ops if other is not op)
    )


def _write_in_place(model: Model, op: Op) -> Model:
    """The value's operator writes into the state, if nobody reads the last value from then on."""
    (value,), (state,) = op.inputs, op.outputs
    position = model.position(op)
    start = _producer(model, value)
    if start is None or not _same_form(model, state, value):
        return model
    changes = writes(model, state)
    needed = max(
        (_last_read_before(model, state, position), *_views_before(model, state, start)),
        default=-1,
    )
    after = next((change for change in changes if change > position), len(model.ops))
    early = any(start <= change < position for change in changes)
    if needed >= start or early or last_use(model, value) >= after:
        return model
    ops = [other.reading({value: state}) for other in model.ops if other is not op]
    ops[start] = ops[start].writing({value: state})
    return replace(model, ops=tuple(ops))


def _producer(model: Model, value: int) -> int | None:
    """Position of the operator with storage of its own for a value that the caller never sees."""
    if model.tensor(value).kind is not ValueKind.ACTIVATION:
        return None
    found = next(at for at, op in enumerate(model.ops) if value in op.outputs)
    return None if _is_view(model.ops[found]) else found


def _last_read_before(model: Model, state: int, position: int) -> int:
    reads = [at for at, op in enumerate(model.ops[:position]) if state in op.inputs]
    return max(reads, default=-1)


def _views_before(model: Model, state: int, position: int) -> list[int]:
    """Last uses of views that were made of a state before a position."""
    return [
        last_use(model, op.outputs[0])
        for op in model.ops[:position]
        if _is_view(op) and op.inputs[0] == state
    ]


def _same_form(model: Model, state: int, value: int) -> bool:
    """Whether one may stand for the other."""
    left, right = model.tensor(state), model.tensor(value)
    return (left.shape, left.dtype, left.quant) == (right.shape, right.dtype, right.quant)


def _is_view(op: Op) -> bool:
    return op.kind in OPS and spec_of(op).is_view
