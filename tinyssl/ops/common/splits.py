"""An activation cut along an axis: the form of SPLIT and SPLIT_V."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Op, Operand, Value
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import filled, strides
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import SubValue
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.parts import (
    RUNS_FILES,
    TYPES,
    Runs,
    run_fields,
    run_spacing,
    side_by_side,
)
from tinyssl.ops.training.move_error import moved_back

SPLIT_TYPES = (*TYPES, DType.INT32)


@dataclass(frozen=True, kw_only=True)
class SplitOp(Op):
    """The parts lie side by side along the axis."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", SPLIT_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("parts", SPLIT_TYPES, plain=True),)

    input: int
    parts: tuple[int, ...]
    axis: int
    """From the front"""


def split_runs(op: SplitOp) -> Runs:
    """What it cuts."""
    return Runs(op.parts, op.input, op.axis)


def split_params(model: Model, op: SplitOp, constants: Constants) -> Fields:
    """Members of `struct tinyssl_runs`."""
    return run_fields(model, op, split_runs(op), constants)


def fold_split(values: Sequence[Value], op: SplitOp) -> Arrays:
    """The parts of a constant."""
    (array,) = input_arrays(values, op)
    lengths = [values[index].shape[op.axis] for index in op.parts]
    return np.split(array, list(accumulate(lengths))[:-1], op.axis)


def split_gradient(graph: Backward, op: SplitOp) -> None:
    """The error of each part goes back to where it was cut."""
    shape = graph.model.tensor(op.input).shape
    steps, start = strides(shape), 0
    for value in op.parts:
        part = graph.model.tensor(value).shape
        length = part[op.axis] if len(part) == len(shape) else 1
        counts = (*shape[: op.axis], length, *shape[op.axis + 1 :])
        if graph.has_error(value):
            copy = filled(counts, steps, start * steps[op.axis])
            graph.pass_back(op.input, moved_back(graph, graph.error(value), copy))
        start += length


def split_parts(model: Model, op: SplitOp) -> tuple[SubValue, ...]:
    """Places of the parts in the input."""
    return side_by_side(model, split_runs(op))


SPLIT: Kernel[Any] = Kernel(
    "split",
    "tinyssl_runs",
    RUNS_FILES,
    make_params=split_params,
    variadic=True,
    spacing=run_spacing(split_runs),
)
