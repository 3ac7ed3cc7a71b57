"""Outputs that no operator writes: the model's inputs and constants, given back to the caller."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.interface import named_values, of_kind
from tinyssl.graph.model import Model, Op, Value, ValueKind
from tinyssl.ops.reshape import Reshape


def write_given(model: Model) -> Model:
    """Puts a RESHAPE at the end for each output that is an input or a constant: it copies it.

    The outputs keep the names that the caller knows.
    """
    values, ops, outputs = list(model.tensors), list[Op](model.ops), list(model.outputs)
    number = model.next_index
    named = of_kind(named_values(model), ValueKind.OUTPUT)
    for position, index in enumerate(model.outputs):
        value = model.tensor(index)
        if index not in model.inputs and not value.constant:
            continue
        outputs[position] = len(values)
        values.append(Value(named[position].name, value.shape, value.dtype, value.quant))
        ops.append(Reshape(index=number, input=index, output=outputs[position]))
        number += 1
    if len(ops) == len(model.ops):
        return model
    return replace(model, tensors=tuple(values), ops=tuple(ops), outputs=tuple(outputs))
