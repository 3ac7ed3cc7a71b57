"""Operators in words, the same in generated comments, reports and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyssl.compiler.steps import Step, single_steps
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


def step_ops(model: Model, step: Step) -> tuple[Op, ...]:
    """The operators of a step, in execution order."""
    return model.ops[step.first : step.last + 1]


def step_inputs(model: Model, step: Step) -> list[int]:
    """Activations that a step reads from outside: once each, but for one that its first operator
    reads twice.
    """
    ops = step_ops(model, step)
    inside = {op.output for op in ops}
    first = [index for index in ops[0].inputs if not model.tensor(index).constant]
    others = dict.fromkeys(index for op in ops[1:] for index in op.inputs)
    return first + [
        index
        for index in others
        if index not in inside and index not in first and not model.tensor(index).constant
    ]


def step_label(model: Model, step: Step) -> str:
    """`#3 CONV_2D`, `#3-#5 CONV_2D+DEPTHWISE_CONV_2D+CONV_2D`."""
    ops = step_ops(model, step)
    numbers = f"#{ops[0].index}" if len(ops) == 1 else f"#{ops[0].index}-#{ops[-1].index}"
    return f"{numbers} {step_kind(model, step)}"


def step_kind(model: Model, step: Step) -> str:
    """`CONV_2D+ADD`"""
    return "+".join(op.kind for op in step_ops(model, step))


def describe_ops(model: Model) -> list[dict[str, Any]]:
    """Per operator, in execution order: what `describe_steps` says of it alone."""
    return describe_steps(model, single_steps(model))


def describe_steps(model: Model, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Per step, in execution order: name, kind, text, shape, macs, weights. For build records."""
    return [
        {
            "name": step_label(model, step),
            "kind": step_kind(model, step),
            "text": " + ".join(op_text(model, op) for op in step_ops(model, step)),
            "shape": " + ".join(
                shape_text(model.tensor(index).shape) for index in step_inputs(model, step)
            )
            + f" -> {shape_text(model.tensor(model.ops[step.last].output).shape)}",
            "macs": sum(macs(model, op) for op in step_ops(model, step)),
            "weights": sum(_constant_bytes(model, op) for op in step_ops(model, step)),
        }
        for step in steps
    ]


def _constant_bytes(model: Model, op: Op) -> int:
    if not isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        return 0
    return sum(model.tensor(index).bytes for index in op.inputs[1:])


def has_code(op: Op) -> bool:
    """False for operators that only rename their input's storage."""
    return not isinstance(op, Reshape)
