"""Rows of the last layer for classes that a device has yet to see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyssl.core.errors import UsageError
from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_tail import FloatTail, learning_layers
from tinyssl.ops.common.new_classes import FREE
from tinyssl.ops.concatenation import Concatenation
from tinyssl.ops.fully_connected import FullyConnected

GROWING = "GROWING_CROSS_ENTROPY"
"""Loss of a model with room for new classes"""


def growing_rows(model: Model) -> tuple[int, int] | None:
    """Of a model whose class set may grow: all its classes, and the bias of those that learn, which
    are the last ones. None of any other.
    """
    loss: Any = next((op for op in model.ops if op.kind == GROWING), None)
    return None if loss is None else (model.tensor(loss.prediction).elements, loss.bias)


def with_classes(model: Model, classes: int) -> Model:
    """The model with rows of zeros in its last layer for classes that it has yet to see.

    Their biases are `FREE`: they get no share of softmax before they are taught.

    Args:
        model: From `float_tail`; only operators without weights follow the last layer.
        classes: Rows in all, not fewer than there are.
    """
    at = learning_layers(model)[-1]
    weight, bias = model.ops[at].inputs[1:]
    values = list(model.tensors)
    for index, fill in ((weight, 0.0), (bias, FREE)):
        array = np.asarray(values[index].array(), np.float32)
        rows = [(0, classes - len(array)), *[(0, 0)] * (array.ndim - 1)]
        wider = np.pad(array, rows, constant_values=fill)
        values[index] = replace(values[index], shape=wider.shape, data=wider.tobytes())
    return _rescored(replace(model, tensors=tuple(values)), at, classes)


def without_classes(model: Model) -> Model:
    """The model with a last layer that has no row: as before any class, for `with_classes`.

    Args:
        model: From `float_tail`; only operators without weights follow the last layer.
    """
    at = learning_layers(model)[-1]
    values = list(model.tensors)
    for index in model.ops[at].inputs[1:]:
        shape = (0, *values[index].shape[1:])
        values[index] = replace(values[index], shape=shape, data=b"")
    return _rescored(replace(model, tensors=tuple(values)), at, 0)


def with_layer(model: Model, classes: int) -> Model:
    """The model with a layer beside its last one, float32, for classes that it has yet to see.

    The last layer stays as it is. Both read the same features, and the new layer's scores follow
    those of the last one. Its weights are zeros and its biases `FREE`, as in `with_classes`.

    Args:
        model: A verified model whose last layer is FULLY_CONNECTED with one row of outputs; only
            operators without weights follow it.
        classes: Of the new layer.

    Raises:
        UsageError: The last layer is another.
    """
    at = learning_layers(model)[-1]
    layer = model.ops[at]
    if not isinstance(layer, FullyConnected) or len(model.tensor(layer.output).shape) != 2:
        raise UsageError(
            f"no layer can be added beside {layer.label}: it is no dense layer of one row",
            hint="build with --train head:CLASSES, and all its rows learn",
        )
    tail = FloatTail(model, at + 1)
    known, features = tail.real(layer.outputs[0]), tail.real(layer.inputs[0])
    width = model.tensor(layer.inputs[1]).shape[1]
    total = model.tensor(layer.outputs[0]).elements + classes
    added = FullyConnected(
        index=0,
        input=features,
        weight=tail.constant("new", np.zeros((classes, width), np.float32)),
        bias=tail.constant("new", np.full(classes, FREE, np.float32)),
        output=tail.activation("new scores", (1, classes)),
    )
    scores = tail.activation("scores", (1, total))
    joined = Concatenation(index=0, parts=(known, added.output), output=scores, axis=1)
    changed = tail.behind(layer.outputs[0], (added, joined), scores)
    place = next(n for n, op in enumerate(changed.ops) if op.outputs == (scores,))
    return _rescored(changed, place, total)


def _rescored(model: Model, start: int, classes: int) -> Model:
    """With so many scores in all values that are written from a position on."""
    values = list(model.tensors)
    for index in {index for op in model.ops[start:] for index in op.outputs}:
        if values[index].shape:
            values[index] = replace(values[index], shape=(*values[index].shape[:-1], classes))
    return replace(model, tensors=tuple(values))
