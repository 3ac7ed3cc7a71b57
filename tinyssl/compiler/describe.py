"""Operators in words, the same in generated comments, reports and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyssl.compiler.calls import KernelCall, call_inputs, call_ops, call_outputs, single_calls
from tinyssl.graph.model import Model
from tinyssl.graph.shapes import macs
from tinyssl.ops.operators import (
    Activation,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Op,
    Pad,
    Padding,
    Pool2D,
    Reshape,
)


def shape_text(shape: tuple[int, ...]) -> str:
    """`1x96x96x3`"""
    return "x".join(map(str, shape)) or "scalar"


def op_text(model: Model, op: Op) -> str:
    """`CONV_2D 3x3/2 relu`: kind, window and stride, dilation, fused activation."""
    words = [op.kind]
    if isinstance(op, Conv2D | DepthwiseConv2D):
        weight = model.tensor(op.weight).shape
        words.append(_window(weight[1:3], op.stride))
        if op.dilation != (1, 1):
            words.append(f"dilation {op.dilation[0]}x{op.dilation[1]}")
    elif isinstance(op, Pool2D):
        words.append(_window(op.size, op.stride))
    padding = getattr(op, "padding", Padding())
    if isinstance(op, Pad) or padding != Padding():
        words.append(f"pad {padding.top},{padding.bottom},{padding.left},{padding.right}")
    activation = getattr(op, "activation", Activation.NONE)
    if activation is not Activation.NONE:
        words.append(activation.value)
    return " ".join(words)


def _window(size: tuple[int, ...], stride: tuple[int, int]) -> str:
    step = str(stride[0]) if stride[0] == stride[1] else f"{stride[0]}x{stride[1]}"
    return f"{size[0]}x{size[1]}/{step}"


def call_label(model: Model, call: KernelCall) -> str:
    """`#3 CONV_2D`, `#3-#5 CONV_2D+DEPTHWISE_CONV_2D+CONV_2D`."""
    ops = call_ops(model, call)
    numbers = f"#{ops[0].index}" if len(ops) == 1 else f"#{ops[0].index}-#{ops[-1].index}"
    return f"{numbers} {call_kind(model, call)}"


def call_kind(model: Model, call: KernelCall) -> str:
    """`CONV_2D+ADD`"""
    return "+".join(op.kind for op in call_ops(model, call))


def describe_ops(model: Model) -> list[dict[str, Any]]:
    """Per operator, in execution order: what `describe_calls` says of it alone."""
    return describe_calls(model, single_calls(model))


def describe_calls(model: Model, calls: Sequence[KernelCall]) -> list[dict[str, Any]]:
    """Per kernel call, in order: name, kind, text, shape, macs, weights. For build records."""
    return [
        {
            "name": call_label(model, call),
            "kind": call_kind(model, call),
            "text": " + ".join(op_text(model, op) for op in call_ops(model, call)),
            "shape": " + ".join(
                shape_text(model.tensor(index).shape) for index in call_inputs(model, call)
            )
            + f" -> {shape_text(model.tensor(call_outputs(model, call)[0]).shape)}",
            "macs": sum(macs(model, op) for op in call_ops(model, call)),
            "weights": sum(_constant_bytes(model, op) for op in call_ops(model, call)),
        }
        for call in calls
    ]


def _constant_bytes(model: Model, op: Op) -> int:
    if not isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        return 0
    return sum(model.tensor(index).bytes for index in op.inputs[1:])


def has_code(op: Op) -> bool:
    """False for operators that only rename their input's storage."""
    return not isinstance(op, Reshape)
