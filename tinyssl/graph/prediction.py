"""What a training step reads of an inference: a prediction in float32, the same on all targets."""

from __future__ import annotations

from dataclasses import fields, replace

from tinyssl.graph.model import DType, Model, Op, Value
from tinyssl.ops import OPS

SMOOTH = {"TANH": "SMOOTH_TANH", "LOGISTIC": "SMOOTH_LOGISTIC", "SOFTMAX": "SMOOTH_SOFTMAX"}
"""Operator -> the one with the same bits on every target"""

SOFTMAXES = ("SOFTMAX", SMOOTH["SOFTMAX"])


def smoothed(model: Model) -> Model:
    """Float32 activation functions in the form that gives the same bits everywhere."""

    def smooth(op: Op) -> Op:
        real = bool(op.outputs) and model.tensor(op.outputs[0]).dtype is DType.FLOAT32
        if op.kind not in SMOOTH or not real:
            return op
        given = {each.name: getattr(op, each.name) for each in fields(op)}
        made: Op = OPS[SMOOTH[op.kind]].op(**given)
        return made

    return replace(model, ops=tuple(map(smooth, model.ops)))


def with_real_prediction(model: Model, *, scores: bool) -> tuple[Model, int]:
    """What the loss reads, in float32: the output, or what softmax makes it of.

    Args:
        model: With one output.
        scores: The loss has a softmax of its own.
    """
    (output,) = model.outputs
    writer = _writer(model, output)
    if writer.kind == "DEQUANTIZE" and _writer(model, writer.inputs[0]).kind == "SOFTMAX":
        writer = _writer(model, writer.inputs[0])
    if scores and writer.kind in SOFTMAXES:
        output = writer.inputs[0]
    value = model.tensor(output)
    if value.dtype is not DType.INT8:
        return model, output
    real = Value(f"{value.name} in float32", value.shape, DType.FLOAT32)
    made: Op = OPS["DEQUANTIZE"].op(
        index=1 + max(op.index for op in model.ops), input=output, output=len(model.tensors)
    )
    return replace(model, tensors=(*model.tensors, real), ops=(*model.ops, made)), made.outputs[0]


def _writer(model: Model, value: int) -> Op:
    return next(op for op in model.ops if value in op.outputs)
