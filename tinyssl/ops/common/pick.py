"""Picking by tables: for each axis, which index of the input each index of the output takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tinyssl.graph.model import Model, Value
from tinyssl.ops.common.constants import Arrays, Fold, input_arrays
from tinyssl.ops.common.copy import strides
from tinyssl.ops.common.kernel import Kernel, OpT, Placing, Spacing
from tinyssl.ops.common.params import Constants, Fields, number_list

AXES = 5
"""Of the C kernel"""
INDEX_MAX = 2**16 - 1
"""Indices are uint16"""


@dataclass(frozen=True)
class PickedAxis:
    """An axis of the output."""

    index: tuple[int, ...]
    """For each place, the input's index"""
    step: int
    """Elements of the input from one index to the next"""


@dataclass(frozen=True)
class Pick:
    """The output in its order."""

    axes: tuple[PickedAxis, ...]
    run: int = 1
    """Elements that lie together in both tensors"""


def pick_axes(shape: Sequence[int], tables: Sequence[Sequence[int]]) -> Pick:
    """A pick along the input's own axes.

    Args:
        shape: Of the input.
        tables: For each axis of the output, indices of the input.
    """
    picked = list(tables)
    while picked and list(picked[-1]) == list(range(shape[len(picked) - 1])):
        picked.pop()  # the whole axis as it is
    steps = strides(shape)
    axes = (PickedAxis(tuple(table), step) for table, step in zip(picked, steps, strict=False))
    return Pick(tuple(axes), prod(shape[len(picked) :]))


def fold_pick(plan: Callable[[Model, Any], Pick]) -> Fold:
    """What an operator with one input and one output picks from a constant."""

    def fold(values: Sequence[Value], op: Any) -> Arrays:
        (array,) = input_arrays(values, op)
        pick = plan(Model("", tuple(values), (op,), (), ()), op)
        found = np.zeros((), np.int64)
        for axis in pick.axes:
            found = np.add.outer(found, np.array(axis.index) * axis.step)
        places = np.add.outer(found, np.arange(pick.run))
        return [array.ravel()[places].reshape(values[op.outputs[0]].shape)]

    return fold


def pick_kernel(plan: Callable[[Model, OpT], Pick]) -> Kernel[OpT]:
    """The kernel of an operator with one input and one output of any element type."""

    def make_params(model: Model, op: OpT, constants: Constants) -> Fields:
        """Members of `struct tinyssl_pick`."""
        pick, size = plan(model, op), model.tensor(op.inputs[0]).dtype.bytes
        axes = [PickedAxis((0,), 0)] * (AXES - len(pick.axes)) + list(pick.axes)
        indices = [index for axis in axes for index in axis.index]
        return {
            "index": constants.table("index", op, "uint16_t", indices),
            "run": pick.run * size,
            "out_step": pick.run * size,
            "count": number_list(len(axis.index) for axis in axes),
            "step": number_list(axis.step * size for axis in axes),
        }

    def values(model: Model, op: OpT) -> tuple[int, ...]:
        """The output, where it picks whole pixels."""
        pixel = model.tensor(op.outputs[0]).shape[-1:]
        return op.outputs if pixel == (plan(model, op).run,) else ()

    def params(model: Model, op: OpT, constants: Constants, placing: Placing) -> Fields:
        return make_params(model, op, constants) | {"out_step": placing.pitches[op.outputs[0]]}

    spacing = Spacing(values, params)
    return Kernel("pick", "tinyssl_pick", make_params=make_params, any_type=True, spacing=spacing)
