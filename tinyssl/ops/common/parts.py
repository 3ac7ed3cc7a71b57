"""Joining tensors along an axis, and cutting them: both move runs of bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op
from tinyssl.ops.common.kernel import ORDINARY, Placing, Spacing
from tinyssl.ops.common.overlap import SubValue
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.tflite import OperatorContext

RUNS_FILES = ("runs.h", "fast_copy.h")
"""What a kernel needs that moves runs of bytes"""

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)
"""Element types that TFLM's kernels for both take"""


def positive_axis(axis: int, rank: int) -> int | None:
    """An axis counted from the front; None where there is none such."""
    return axis % rank if -rank <= axis < rank else None


def positive_axes(op: OperatorContext, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, each once, in order.

    Raises:
        ModelError: There is none such.
    """
    found = {positive_axis(axis, rank) for axis in axes}
    if None in found:
        raise op.violation(f"axes {list(axes)} of {rank} dimensions")
    return tuple(sorted(axis for axis in found if axis is not None))


def require_axis(op: OperatorContext, given: int, rank: int) -> int:
    """An axis of the file, counted from the front.

    Raises:
        ModelError: There is none such.
    """
    axis = positive_axis(given, rank)
    if axis is None:
        raise op.violation(f"axis {given} of {rank} dimensions")
    return axis


def read_axis(op: OperatorContext, position: int, rank: int) -> int:
    """The axis that a constant input names, counted from the front.

    Raises:
        ModelError: The input is more than one number, or there is no such axis.
    """
    given = op.constant(position)
    if len(given) != 1:
        raise op.violation(f"axis {given} of {rank} dimensions")
    return require_axis(op, given[0], rank)


def joined_shape(shapes: Sequence[tuple[int, ...]], axis: int) -> tuple[int, ...] | None:
    """Shape of tensors side by side along an axis; None where they do not fit."""
    first = shapes[0]
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if len(others) != 1 or len({len(shape) for shape in shapes}) != 1:
        return None
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def one_quant(check: OpCheck[Op]) -> None:
    """All int8 inputs and outputs have one quantisation.

    Asked for where TFLM asks for it. Other operators that only move numbers take two
    quantisations, as REVERSE_V2 in bidirectional layers.
    """
    values = [check.tensor(index) for index in (*check.op.inputs, *check.op.outputs)]
    for value in values[1:]:
        if value.dtype is DType.INT8 and value.quant != values[0].quant:
            raise check.violation(
                f"{values[0].name} and {value.name} must have the same quantisation, as TensorFlow "
                "Lite Micro copies their elements"
            )


@dataclass(frozen=True)
class Runs:
    """Tensors side by side along an axis."""

    parts: tuple[int, ...]
    whole: int
    axis: int
    """Of the whole, from the front"""

    def are_channels(self, model: Model) -> bool:
        """Whether each is a part of the pixels of the whole."""
        shapes = (model.tensor(index).shape for index in (self.whole, self.parts[0]))
        return all(self.axis == len(shape) - 1 for shape in shapes)


def side_by_side(model: Model, runs: Runs) -> tuple[SubValue, ...]:
    """Places of the smaller tensors in the whole.

    None where each would be in several pieces, but for those side by side in each pixel.
    """
    value, parts = model.tensor(runs.whole), runs.parts
    rounds = prod(value.shape[: runs.axis])
    if rounds > 1 and not runs.are_channels(model):
        return ()
    sizes = [model.tensor(index).bytes // rounds for index in parts]
    pitch = value.bytes // rounds if rounds > 1 and len(parts) > 1 else 0
    places = zip(parts, accumulate(sizes, initial=0), strict=False)
    return tuple(SubValue(index, runs.whole, start, pitch) for index, start in places)


def run_fields(
    model: Model, op: Op, runs: Runs, to: Constants, placing: Placing = ORDINARY
) -> Fields:
    """Members of `struct tinyssl_runs`.

    Args:
        model: A model.
        op: One of its operators.
        runs: What it joins or cuts.
        to: Gets the table of runs.
        placing: Where the planner put them.
    """
    rounds = prod(model.tensor(runs.whole).shape[: runs.axis])
    lengths = [model.tensor(index).bytes // rounds for index in runs.parts]
    numbers = [
        number
        for index, length, start in zip(
            runs.parts, lengths, accumulate(lengths, initial=0), strict=False
        )
        for number in (
            0 if index in placing.laid else length,
            start,
            placing.pitches.get(index, length),
        )
    ]
    return {
        "run": to.table("runs", op, "int32_t", numbers),
        "count": len(lengths),
        "rounds": rounds,
        "pitch": placing.pitches.get(runs.whole, sum(lengths)),
    }


def run_spacing(runs_of: Callable[[Any], Runs]) -> Spacing[Any]:
    """The spacing of a kernel that moves runs: those of channels may lie anywhere.

    Args:
        runs_of: What an operator joins or cuts.
    """

    def values(model: Model, op: Op) -> tuple[int, ...]:
        runs = runs_of(op)
        return (*runs.parts, runs.whole) if runs.are_channels(model) else ()

    def params(model: Model, op: Op, constants: Constants, placing: Placing) -> Fields:
        return run_fields(model, op, runs_of(op), constants, placing)

    return Spacing(values, params, partial=True)
