"""CUSTOM CIRCULAR_BUFFER: the last inputs of a stream, as a tensor that the rest reads whole.

Source: tflite-micro `kernels/circular_buffer.cc`, `kernels/circular_buffer_common.cc`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Operand, Role, ValueKind
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.parts import one_quant
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

PERIOD = "cycles_max"
ALWAYS = (5, 13, 25)
"""Slots for which TFLM takes a period of 1 where the file says none; 2 for all others"""


@dataclass(frozen=True, kw_only=True)
class CircularBuffer(UnaryOp):
    """The output is a variable: it moves on by one input in each inference."""

    kind: ClassVar[str] = "CUSTOM CIRCULAR_BUFFER"
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", roles=(Role.STATE,)),)


def _check_form(check: OpCheck[CircularBuffer]) -> None:
    """One input and the slots for many, in a variable."""
    source, target = check.tensor(check.op.input), check.tensor(check.op.output)
    if target.kind is not ValueKind.STATE:
        raise check.violation(f"{target.name} is not a variable")
    if len(source.shape) != 4 or source.shape[:2] != (1, 1):
        raise check.violation(f"input has shape {list(source.shape)}, not [1, 1, n, depth]")
    if len(target.shape) != 4 or target.shape[2:] != source.shape[2:] or target.shape[0] != 1:
        raise check.violation(f"{list(target.shape)} holds no inputs of {list(source.shape)}")


def _params(model: Model, op: CircularBuffer, _: Constants) -> Fields:
    """Members of `struct tinyssl_circular_buffer`."""
    return {"bytes": model.tensor(op.output).bytes, "newest": model.tensor(op.input).bytes}


def _read(op: OperatorContext) -> CircularBuffer:
    slots = op.tensors[op.output].shape[1:2]
    period = op.numbers((PERIOD,))[PERIOD] if op.custom else 0
    if period <= 0:
        period = 1 if slots and slots[0] in ALWAYS else 2
    if period != 1:
        raise op.unsupported(
            f"a period of {period}: TensorFlow Lite Micro ends {period - 1} of {period} inferences "
            "here",
            "make what comes behind it a model of its own, and call that as often",
        )
    return CircularBuffer(index=op.index, output=op.output, input=op.inputs[0])


def _write(op: CircularBuffer, _: Lowering) -> FileOp:
    from flatbuffers import flexbuffers

    options = bytes(flexbuffers.Dumps({PERIOD: 1}))
    return FileOp(op.kind, 1, (op.input,), op.outputs, "", {}, options)


SPEC = OpSpec(
    op=CircularBuffer,
    shapes=lambda model, op: (model.tensor(op.output).shape,),
    checks=(_check_form, one_quant),
    words=lambda model, op: [f"{model.tensor(op.output).shape[1]} slots"],
    kernels=(Kernel("circular_buffer", "tinyssl_circular_buffer", make_params=_params),),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1)),
    tflm=TflmNames("AddCircularBuffer", "circular_buffer"),
)
