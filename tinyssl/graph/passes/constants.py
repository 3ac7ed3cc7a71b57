"""Constants where an operator's kernels read activations: a copy in working memory stands there."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.model import Model, Op, Role, Value
from tinyssl.ops.constant import Constant


def place_constants(model: Model) -> Model:
    """Puts a CONSTANT before each operator that reads a constant as if it were an activation."""
    values, ops = list(model.tensors), list[Op]()
    number = model.next_index
    for op in model.ops:
        sources = {}
        for index in _misplaced(model, op):
            value = model.tensor(index)
            copy = Value(f"{value.name} in memory", value.shape, value.dtype, value.quant)
            sources[index] = len(values)
            ops.append(Constant(index=number, input=index, output=len(values)))
            values.append(copy)
            number += 1
        ops.append(op.reading(sources) if sources else op)
    if len(ops) == len(model.ops):
        return model
    return replace(model, tensors=tuple(values), ops=tuple(ops))


def _misplaced(model: Model, op: Op) -> list[int]:
    """Constants that the operator's kernels cannot read; the first where all inputs are such."""
    found = (
        index
        for operand in op.operands
        if Role.ACTIVATION in operand.roles and Role.CONSTANT not in operand.roles
        for index in op.values(operand)
    )
    wrong = [index for index in dict.fromkeys(found) if model.tensor(index).constant]
    alone = len(op.inputs) > 1 and all(model.tensor(index).constant for index in op.inputs)
    return wrong or ([op.inputs[0]] if alone else [])
