"""PAD: zeros around a tensor, along any axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pads import PadOp, check_amounts, pad_kernels, pad_shapes, read_amounts
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.slice import Slice


@dataclass(frozen=True, kw_only=True)
class Pad(PadOp):
    """Fills with the output's zero point; the input's elements stay as they are, as in TFLM."""

    kind: ClassVar[str] = "PAD"


def _value(model: Model, op: Pad) -> int:
    return zero_point(model, op.output) if model.tensor(op.output).dtype is DType.INT8 else 0


def _words(_: Model, op: Pad) -> list[str]:
    found = op.padding
    numbers = found.numbers if found else [number for pair in op.amounts for number in pair]
    return [f"pad {','.join(map(str, numbers))}"]


def _read(op: OperatorContext) -> Pad:
    return Pad(index=op.index, output=op.output, input=op.inputs[0], amounts=read_amounts(op))


def write_pad(op: Pad, to: Lowering) -> FileOp:
    """As the file has it: the amounts are a constant input."""
    amounts = to.constant("paddings", op.amounts)
    return FileOp(op.kind, 2, (op.input, amounts), op.outputs, "PadOptions", {})


def _fold(values: Sequence[Value], op: Pad) -> Arrays | None:
    (array,) = input_arrays(values, op)
    output = values[op.output]
    zero = output.quant.zero_point[0] if output.quant and output.dtype is DType.INT8 else 0
    return [np.pad(array, op.amounts, constant_values=zero)]


def pad_gradient(graph: Backward, op: PadOp) -> None:
    """The error without its edges."""
    error, size = graph.error(op.output), graph.model.tensor(op.input).shape
    begin = tuple(before for before, _ in op.amounts)
    graph.pass_back(
        op.input,
        lambda found: Slice(
            index=graph.next_index, input=error, output=found, begin=begin, size=size
        ),
    )


SPEC = OpSpec(
    op=Pad,
    shapes=pad_shapes,
    checks=(rules.same_types, check_amounts),
    fold=_fold,
    gradient=pad_gradient,
    words=_words,
    kernels=pad_kernels(_value),
    tflite=TfliteFormat(read=_read, write=write_pad, inputs=(2, 2), int32_inputs=(1,)),
    tflm=TflmNames("AddPad", "pad"),
)
