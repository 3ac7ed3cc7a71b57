"""Operators of a graph as the file format has them.

The graph holds explicit paddings and no axis or shape tensors; each operator's `TfliteFormat` turns
them into SAME, VALID or a PAD, and the constants that TFLite wants as inputs.
"""

from __future__ import annotations

from dataclasses import replace

from tinyssl.core.errors import UnsupportedModel
from tinyssl.graph.model import Model, ValueKind
from tinyssl.ops import OPS, OWN_OPERATOR_HINT, spec_of
from tinyssl.ops.common.tflite import FileOp, Lowering


def lower(model: Model) -> Lowering:
    """Operators and tensors as the file has them.

    Raises:
        UnsupportedModel: TFLite cannot say this operator.
    """
    result = Lowering(model)
    for op in model.ops:
        if op.kind not in OPS:
            raise UnsupportedModel(f"{op.label}: operator cannot be written", OWN_OPERATOR_HINT)
        result.ops.append(spec_of(op).tflite.write(op, result))
    _check_states(model, result)
    return result


def _check_states(model: Model, lowered: Lowering) -> None:
    """A variable of TFLite has a first value, or stands where an activation stands: not both."""
    for state in model.of_kind(ValueKind.STATE):
        value = model.tensor(state)
        users = {op.kind for op in model.ops if state in (*op.inputs, *op.outputs)}
        by_handle = state in lowered.handles
        if by_handle and users - {"READ_VARIABLE", "ASSIGN_VARIABLE"}:
            raise UnsupportedModel(
                f"{value.name} is read by {', '.join(sorted(users))}",
                hint="write the model as it was read, before `run_passes`",
            )
        if not by_handle and value.data is not None:
            raise UnsupportedModel(f"the variable {value.name} has a first value")


def handle_ops(lowered: Lowering, calls: bool) -> list[FileOp]:
    """What stands before all else: first values where there are such, and each handle."""
    fields = {"InitSubgraphIndex": 1}
    call = [FileOp("CALL_ONCE", 1, (), (), "CallOnceOptions", fields)] if calls else []
    return call + [_handle_op(lowered, state) for state in lowered.handles]


def first_value_ops(lowered: Lowering) -> list[FileOp]:
    """The second subgraph, which assigns first values; empty where there are none."""
    ops = []
    for state in lowered.handles:
        value = lowered.tensors[state]
        if value.data is not None:
            first = lowered.add(replace(value, kind=ValueKind.CONSTANT))
            ops.append(_handle_op(lowered, state))
            ops.append(
                FileOp("ASSIGN_VARIABLE", 1, (state, first), (), "AssignVariableOptions", {})
            )
    return ops


def _handle_op(lowered: Lowering, state: int) -> FileOp:
    names = [lowered.tensors[handle].name for handle in lowered.handles]
    name = lowered.tensors[state].name
    own = name if names.count(name) == 1 else f"{name}#{state}"
    fields = {"Container": "", "SharedName": own}
    return FileOp("VAR_HANDLE", 1, (), (state,), "VarHandleOptions", fields)
