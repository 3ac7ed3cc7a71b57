"""PACK: activations of one shape side by side along a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.copy import permuted, strides
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.parts import RUNS_FILES, TYPES, Runs, require_axis, run_fields, side_by_side
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.move import Move

PACKED_TYPES = (*TYPES, DType.INT32, DType.INT64)


@dataclass(frozen=True, kw_only=True)
class Pack(Op):
    """All parts have one shape; the output has one dimension more."""

    kind: ClassVar[str] = "PACK"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("parts", PACKED_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", PACKED_TYPES, plain=True),)

    parts: tuple[int, ...]
    output: int
    axis: int
    """Of the output, from the front"""


def _shapes(model: Model, op: Pack) -> tuple[tuple[int, ...], ...]:
    shape = model.tensor(op.parts[0]).shape
    return ((*shape[: op.axis], len(op.parts), *shape[op.axis :]),)


def _check_shapes(check: OpCheck[Pack]) -> None:
    """The parts have one shape."""
    shapes = dict.fromkeys(check.tensor(index).shape for index in check.op.parts)
    if len(shapes) > 1:
        texts = " and ".join(str(list(shape)) for shape in shapes)
        raise check.violation(f"shapes {texts}; all parts must have the same")


def _runs(op: Pack) -> Runs:
    return Runs(op.parts, op.output, op.axis)


def _params(model: Model, op: Pack, constants: Constants) -> Fields:
    """Members of `struct tinyssl_runs`."""
    return run_fields(model, op, _runs(op), constants)


def _fold(values: Sequence[Value], op: Pack) -> Arrays:
    return [np.stack(input_arrays(values, op), op.axis)]


def _read(op: OperatorContext) -> Pack:
    options = op.require_options()
    if options.valuesCount != len(op.inputs):
        raise op.violation(f"{len(op.inputs)} inputs, but {options.valuesCount} values")
    rank = len(op.input(0).shape) + 1
    axis = require_axis(op, options.axis, rank)
    return Pack(index=op.index, output=op.output, parts=op.inputs, axis=axis)


def _write(op: Pack, _: Lowering) -> FileOp:
    fields = {"Axis": op.axis, "ValuesCount": len(op.parts)}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "PackOptions", fields)


def _gradient(graph: Backward, op: Pack) -> None:
    """Each part gets its piece of the error."""
    error, shape = graph.error(op.output), graph.model.tensor(op.output).shape
    steps = strides(shape)
    for number, value in enumerate(op.parts):
        graph.pass_back(value, partial(_piece, graph, op, error, number * steps[op.axis]))


def _piece(graph: Backward, op: Pack, error: int, start: int, output: int) -> Move:
    shape = graph.model.tensor(op.output).shape
    kept = [axis for axis in range(len(shape)) if axis != op.axis]
    return Move(
        index=graph.next_index,
        input=error,
        output=output,
        counts=permuted(shape, kept),
        steps=permuted(tuple(strides(shape)), kept),
        start=start,
        kinds=(op.kind,),
    )


SPEC = OpSpec(
    op=Pack,
    shapes=_shapes,
    checks=(rules.same_types, _check_shapes),
    fold=_fold,
    gradient=_gradient,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(
        Kernel("concatenation", "tinyssl_runs", RUNS_FILES, make_params=_params, variadic=True),
    ),
    parts=lambda model, op: side_by_side(model, _runs(op)),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1000), options="PackOptions"),
    tflm=TflmNames("AddPack", "pack"),
)
