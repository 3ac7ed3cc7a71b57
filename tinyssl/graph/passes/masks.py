"""Bits in the place of activations that a training step would keep only to see where they clamp."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.model import DType, Model, Op, Value
from tinyssl.ops.training.clamp_error import ClampError
from tinyssl.ops.training.clamp_mask import ClampMask, mask_words
from tinyssl.ops.training.mask_error import MaskError
from tinyssl.ops.training.quantised_clamp_error import QuantisedClampError

CLAMPS = (ClampError, QuantisedClampError)


def with_masks(model: Model, start: int) -> Model:
    """The model with a mask for each value that only errors of RELU and its kin read.

    Args:
        model: With a training step.
        start: Position of its first operator.
    """
    values, inference, step = list(model.tensors), list(model.ops[:start]), list(model.ops[start:])
    for value in {op.value: None for op in step if isinstance(op, CLAMPS)}:
        readers = [op for op in step if value in op.inputs]
        clamps = [op for op in readers if isinstance(op, CLAMPS) and op.error != value]
        activations = {op.activation for op in clamps}
        if len(clamps) < len(readers) or len(activations) > 1 or value in model.outputs:
            continue
        mask = len(values)
        like = values[value]
        values.append(Value(f"mask of {like.name}", (mask_words(like.elements),), DType.INT32))
        writer = next(at for at, op in enumerate(inference) if value in op.outputs)
        made = ClampMask(index=0, value=value, output=mask, activation=activations.pop())
        inference.insert(writer + 1, made)
        step = [_masked(op, mask) if op in clamps else op for op in step]
    ops = tuple(replace(op, index=index) for index, op in enumerate([*inference, *step]))
    return replace(model, tensors=tuple(values), ops=ops)


def _masked(op: Op, mask: int) -> Op:
    assert isinstance(op, CLAMPS)  # the caller has looked
    return MaskError(index=op.index, error=op.error, mask=mask, output=op.output)
