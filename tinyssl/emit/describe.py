"""Operators in words, the same in generated comments, reports and tables."""

from __future__ import annotations

from typing import Any

from tinyssl.ir.model import Model
from tinyssl.ir.ops import (
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
from tinyssl.ir.shapes import macs


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


def describe_ops(model: Model) -> list[dict[str, Any]]:
    """Per operator, in execution order: name, kind, text, shape, macs. For build records."""
    return [
        {
            "name": op.label,
            "kind": op.kind,
            "text": op_text(model, op),
            "shape": " + ".join(
                shape_text(model.tensor(index).shape) for index in _activations(model, op)
            )
            + f" -> {shape_text(model.tensor(op.output).shape)}",
            "macs": macs(model, op),
            "weights": _constant_bytes(model, op),
        }
        for op in model.ops
    ]


def _activations(model: Model, op: Op) -> list[int]:
    return [index for index in op.inputs if not model.tensor(index).constant]


def _constant_bytes(model: Model, op: Op) -> int:
    if not isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        return 0
    return sum(model.tensor(index).bytes for index in op.inputs[1:])


def has_code(op: Op) -> bool:
    """False for operators that only rename their input's storage."""
    return not isinstance(op, Reshape)
