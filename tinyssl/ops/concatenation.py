"""CONCATENATION: any number of activations and constants side by side along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import SubValue
from tinyssl.ops.common.params import Array, Constants, Fields, prefix_fields
from tinyssl.ops.common.parts import (
    RUNS_FILES,
    TYPES,
    Runs,
    joined_shape,
    one_quant,
    require_axis,
    run_fields,
    run_spacing,
    side_by_side,
)
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.slice import Slice

JOINED_TYPES = (*TYPES, DType.INT32, DType.INT64, DType.BOOL)
COMPUTED = -1
"""In place of a constant's start"""


@dataclass(frozen=True, kw_only=True)
class Concatenation(Op):
    """All parts have one shape but for their length along the axis."""

    kind: ClassVar[str] = "CONCATENATION"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("parts", JOINED_TYPES, (Role.ACTIVATION, Role.CONSTANT), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", JOINED_TYPES, plain=True),)

    parts: tuple[int, ...]
    output: int
    axis: int
    """From the front"""


def _shapes(model: Model, op: Concatenation) -> tuple[tuple[int, ...], ...]:
    found = joined_shape([model.tensor(index).shape for index in op.parts], op.axis)
    return (found or (),)


def _check_shapes(check: OpCheck[Concatenation]) -> None:
    """The parts fit each other."""
    shapes = [check.tensor(index).shape for index in check.op.parts]
    if joined_shape(shapes, check.op.axis) is None:
        texts = " and ".join(str(list(shape)) for shape in shapes)
        raise check.violation(f"shapes {texts} do not fit along axis {check.op.axis}")


def _runs(op: Concatenation) -> Runs:
    return Runs(op.parts, op.output, op.axis)


def _params(model: Model, op: Concatenation, constants: Constants) -> Fields:
    """Members of `struct tinyssl_runs`."""
    return run_fields(model, op, _runs(op), constants)


def _constant_params(model: Model, op: Concatenation, constants: Constants) -> Fields:
    """Members of `struct tinyssl_constant_runs`."""
    starts, content = [], b""
    for value in (model.tensor(index) for index in op.parts):
        starts.append(len(content) if value.constant else COMPUTED)
        content += value.data or b""
    name = constants.name("parts", op)
    values = np.frombuffer(content, np.uint8)
    return {
        **prefix_fields("runs", run_fields(model, op, _runs(op), constants)),
        "constants": constants.intern(Array(name, "uint8_t", values, values.shape, op.label)),
        "starts": constants.table("starts", op, "int32_t", starts),
    }


def _has_constants(model: Model, op: Concatenation) -> bool:
    return any(model.tensor(index).constant for index in op.parts)


def _parts(model: Model, op: Concatenation) -> tuple[SubValue, ...]:
    """A constant lies elsewhere, so its part is copied."""
    if _has_constants(model, op):
        return ()
    return side_by_side(model, _runs(op))


def _fold(values: Sequence[Value], op: Concatenation) -> Arrays:
    return [np.concatenate(input_arrays(values, op), op.axis)]


def _read(op: OperatorContext) -> Concatenation:
    if op.require_options().fusedActivationFunction:
        raise op.unsupported("a fused activation")  # TFLM refuses it too
    axis = require_axis(op, op.require_options().axis, len(op.input(0).shape))
    held = [at for at, index in enumerate(op.inputs) if op.tensors[index].elements]
    parts = tuple(op.inputs[at] for at in held) or op.inputs  # without those that are empty
    return Concatenation(index=op.index, output=op.output, parts=parts, axis=axis)


def _write(op: Concatenation, _: Lowering) -> FileOp:
    fields = {"Axis": op.axis}
    return FileOp(op.kind, 2, op.inputs, op.outputs, "ConcatenationOptions", fields)


def _gradient(graph: Backward, op: Concatenation) -> None:
    """Each part gets its piece of the error."""
    error, start = graph.error(op.output), 0
    for value in op.parts:
        size = graph.model.tensor(value).shape
        begin = (0,) * op.axis + (start,) + (0,) * (len(size) - op.axis - 1)
        graph.pass_back(value, partial(_piece, graph, error, begin, size))
        start += size[op.axis]


def _piece(
    graph: Backward, error: int, begin: tuple[int, ...], size: tuple[int, ...], output: int
) -> Slice:
    return Slice(index=graph.next_index, input=error, output=output, begin=begin, size=size)


SPEC = OpSpec(
    op=Concatenation,
    shapes=_shapes,
    checks=(rules.same_types, one_quant, _check_shapes),
    fold=_fold,
    gradient=_gradient,
    words=lambda _, op: [f"axis {op.axis}"],
    kernels=(
        Kernel(
            "concatenation_constants",
            "tinyssl_constant_runs",
            RUNS_FILES,
            source="concatenation",
            supports=_has_constants,
            make_params=_constant_params,
            variadic=True,
        ),
        Kernel(
            "concatenation",
            "tinyssl_runs",
            RUNS_FILES,
            make_params=_params,
            variadic=True,
            spacing=run_spacing(_runs),
        ),
    ),
    parts=_parts,
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(1, 1000),
        options="ConcatenationOptions",
    ),
    tflm=TflmNames("AddConcatenation", "concatenation"),
)
