"""PADV2: a constant around a tensor, along any axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Value
from tinyssl.ops.common import rules
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.pads import PadOp, check_amounts, pad_kernels, pad_shapes, read_amounts
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.pad import pad_gradient


@dataclass(frozen=True, kw_only=True)
class PadV2(PadOp):
    """Fills with a value."""

    kind: ClassVar[str] = "PADV2"

    value: int | float
    """As the output's elements have it: quantised"""


def _words(_: Model, op: PadV2) -> list[str]:
    numbers = [number for pair in op.amounts for number in pair]
    return [f"pad {','.join(map(str, numbers))} with {op.value}"]


def _read(op: OperatorContext) -> PadV2:
    value, output = op.input(2), op.tensors[op.output]
    if not value.constant:
        raise op.unsupported(f"input 2 ({value.name}) must be a constant")
    if value.elements != 1 or value.dtype is not output.dtype:
        raise op.violation(f"{value.name} must be one {output.dtype.value}")
    if value.dtype is DType.INT8 and value.quant != output.quant:
        raise op.violation(f"{value.name} must have the output's quantisation")
    return PadV2(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        amounts=read_amounts(op),
        value=value.array().item(),
    )


def _write(op: PadV2, to: Lowering) -> FileOp:
    amounts, output = to.constant("paddings", op.amounts), to.tensors[op.output]
    data = np.array(op.value, output.dtype.value).tobytes()
    value = to.add(Value(f"{output.name}_value", (1,), output.dtype, output.quant, data))
    return FileOp(op.kind, 2, (op.input, amounts, value), op.outputs, "PadV2Options", {})


def _fold(values: Sequence[Value], op: PadV2) -> Arrays | None:
    (array,) = input_arrays(values, op)
    return [np.pad(array, op.amounts, constant_values=op.value)]


SPEC = OpSpec(
    op=PadV2,
    shapes=pad_shapes,
    checks=(rules.same_types, check_amounts, one_quant),
    fold=_fold,
    gradient=pad_gradient,
    words=_words,
    kernels=pad_kernels(lambda _, op: op.value),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3), int32_inputs=(1,)),
    tflm=TflmNames("AddPadV2", "pad"),
)
