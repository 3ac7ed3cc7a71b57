"""RELU and RELU6 behind operators that have a fused activation."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import DType, Model, Op
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.relu import Relu
from tinyssl.ops.relu6 import Relu6

CLAMPS: dict[type[Op], Activation] = {Relu: Activation.RELU, Relu6: Activation.RELU6}
"""Operators that are a fused activation of the operator before, where the quantisation stays"""
CLAMPED = (Convolution, FullyConnected, Pool2D, BinaryOp)
"""Operators whose fused activations clamp what they would give without"""
CLAMPED_TYPES = (DType.INT8, DType.INT16)


def fuse_activations(model: Model) -> Model:
    """RELU and RELU6 become the fused activation of what they read.

    Exact where input and output have one quantisation: both are a clamp then, at the same numbers.
    Nobody else may read the value between.
    """
    ops = list(model.ops)
    fused: list[Op] = []
    for clamp in (op for op in model.ops if type(op) in CLAMPS):
        at = next((i for i, op in enumerate(ops) if _feeds(model, op, clamp)), None)
        if at is not None:
            activation, output = CLAMPS[type(clamp)], clamp.outputs[0]
            ops[at] = replace(ops[at], activation=activation, output=output)  # type: ignore[call-arg]
            ops.remove(clamp)
            fused.append(clamp)
    changes = (*model.changes, *changed(ChangeKind.FUSED, fused))
    return replace(model, ops=tuple(ops), changes=changes)


def _feeds(model: Model, op: Op, clamp: Op) -> bool:
    """Whether `clamp` may become the activation of `op`."""
    if not isinstance(op, CLAMPED):
        return False
    between, after = model.tensor(op.output), model.tensor(clamp.outputs[0])
    readers = [other for other in model.ops if op.output in other.inputs]
    return (
        op.activation is Activation.NONE
        and readers == [clamp]
        and op.output not in model.outputs
        and between.dtype in CLAMPED_TYPES
        and between.quant == after.quant
    )
