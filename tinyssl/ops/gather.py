"""GATHER: slices along an axis by their indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Value
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.gather import (
    GatherOp,
    check_indices,
    gather_kernels,
    same_elements,
)
from tinyssl.ops.common.params import Fields
from tinyssl.ops.common.parts import positive_axis
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Gather(GatherOp):
    """The axis is replaced by the axes of the indices behind the batches."""

    kind: ClassVar[str] = "GATHER"

    axis: int
    """From the front"""
    batch_dims: int = 0
    """First axes of input and indices that are walked together"""


def _shapes(model: Model, op: Gather) -> tuple[Shape, ...]:
    shape, indices = model.tensor(op.input).shape, model.tensor(op.indices).shape
    return ((*shape[: op.axis], *indices[op.batch_dims :], *shape[op.axis + 1 :]),)


def _check_batches(check: OpCheck[Gather]) -> None:
    op = check.op
    shape, indices = check.tensor(op.input).shape, check.tensor(op.indices).shape
    if shape[: op.batch_dims] != indices[: op.batch_dims] or op.batch_dims > op.axis:
        raise check.violation(
            f"shapes {list(shape)} and {list(indices)} do not share {op.batch_dims} batch axes"
        )
    check_indices(check, op.indices, shape[op.axis])


def _members(model: Model, op: Gather) -> Fields:
    """Members of `struct tinyssl_gather`."""
    source, indices = model.tensor(op.input), model.tensor(op.indices).shape
    return {
        "batches": prod(source.shape[: op.batch_dims]),
        "outers": prod(source.shape[op.batch_dims : op.axis]),
        "picks": prod(indices[op.batch_dims :]),
        "length": source.shape[op.axis],
        "run": prod(source.shape[op.axis + 1 :]) * source.dtype.bytes,
    }


def _read(op: OperatorContext) -> Gather:
    options, rank = op.require_options(), len(op.input(0).shape)
    axis = positive_axis(options.axis, rank)
    batches = options.batchDims + (len(op.input(1).shape) if options.batchDims < 0 else 0)
    if axis is None or not 0 <= batches <= len(op.input(1).shape):
        raise op.violation(f"axis {options.axis} and {options.batchDims} batch axes")
    return Gather(
        index=op.index,
        input=op.inputs[0],
        indices=op.inputs[1],
        output=op.output,
        axis=axis,
        batch_dims=batches,
    )


def _write(op: Gather, _: Lowering) -> FileOp:
    fields = {"Axis": op.axis, "BatchDims": op.batch_dims}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "GatherOptions", fields)


def _fold(values: Sequence[Value], op: Gather) -> Arrays | None:
    array, indices = input_arrays(values, op)
    known = indices.size and indices.min() >= 0 and indices.max() < array.shape[op.axis]
    return [np.take(array, indices, op.axis)] if known and not op.batch_dims else None


SPEC = OpSpec(
    op=Gather,
    shapes=_shapes,
    index_ends=lambda model, op: {op.indices: model.tensor(op.input).shape[op.axis]},
    checks=(same_elements, _check_batches),
    fold=_fold,
    moves=True,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=gather_kernels("gather", "tinyssl_gather", _members),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(2, 2), options="GatherOptions"),
    tflm=TflmNames("AddGather", "gather"),
)
