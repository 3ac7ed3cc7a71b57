"""Picking by tables: for each axis, which index of the input each index of the output takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from tinyssl.graph.model import Model
from tinyssl.ops.common.copy import strides
from tinyssl.ops.common.kernel import Kernel, OpT
from tinyssl.ops.common.params import Constants, Fields, number_list

AXES = 5
"""Of the C kernel"""

Tables = Sequence[Sequence[int]]
"""For each axis of the output, indices of the input"""


def pick_kernel(tables: Callable[[Model, OpT], Tables]) -> Kernel[OpT]:
    """The kernel of an operator with one input and one output of any element type."""

    def make_params(model: Model, op: OpT, constants: Constants) -> Fields:
        return _fields(model, op, tables(model, op), constants)

    return Kernel("pick", "tinyssl_pick", make_params=make_params, any_type=True)


def _fields(model: Model, op: OpT, tables: Tables, constants: Constants) -> Fields:
    """Members of `struct tinyssl_pick`."""
    source = model.tensor(op.inputs[0])
    picked = list(map(list, tables))
    while picked and picked[-1] == list(range(source.shape[len(picked) - 1])):
        picked.pop()  # the whole axis as it is: part of the run
    size = source.dtype.bytes
    steps = [step * size for step in strides(source.shape)[: len(picked)]]
    missing = AXES - len(picked)
    picked, steps = [[0]] * missing + picked, [0] * missing + steps
    return {
        "index": constants.table("index", op, "uint16_t", [i for axis in picked for i in axis]),
        "run": prod(source.shape[AXES - missing :]) * size,
        "count": number_list(map(len, picked)),
        "step": number_list(steps),
    }
