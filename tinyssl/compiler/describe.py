"""Operators in words, the same in generated comments, reports and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyssl.compiler.calls import KernelCall, call_inputs, call_ops, call_outputs, single_calls
from tinyssl.graph.model import Model, Op
from tinyssl.graph.outline import is_outline
from tinyssl.ops import macs, spec_of


def shape_text(shape: tuple[int, ...]) -> str:
    """`1x96x96x3`"""
    return "x".join(map(str, shape)) or "scalar"


def op_text(model: Model, op: Op) -> str:
    """`CONV_2D 3x3/2 relu`: kind, window and stride, dilation, fused activation."""
    return spec_of(op).text(model, op)


def call_label(model: Model, call: KernelCall) -> str:
    """`#3 CONV_2D`, `#3-#5 CONV_2D+DEPTHWISE_CONV_2D+CONV_2D`."""
    ops = call_ops(model, call)
    numbers = f"#{ops[0].index}" if len(ops) == 1 else f"#{ops[0].index}-#{ops[-1].index}"
    return f"{numbers} {call_kind(model, call)}"


def call_kind(model: Model, call: KernelCall) -> str:
    """`CONV_2D+ADD`"""
    return "+".join(op.kind for op in call_ops(model, call))


def describe_ops(model: Model) -> list[dict[str, Any]]:
    """Per operator, in execution order: what `describe_calls` says of it; of an outline, names."""
    if is_outline(model):
        unknown = {"shape": "", "macs": 0, "weights": 0}
        return [{"name": op.label, "kind": op.kind, "text": op.kind} | unknown for op in model.ops]
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
            + " -> "
            + " + ".join(
                shape_text(model.tensor(index).shape) for index in call_outputs(model, call)
            ),
            "macs": sum(macs(model, op) for op in call_ops(model, call)),
            "weights": sum(_constant_bytes(model, op) for op in call_ops(model, call)),
        }
        for call in calls
    ]


def _constant_bytes(model: Model, op: Op) -> int:
    values = (model.tensor(index) for index in op.inputs)
    return sum(value.bytes for value in values if value.constant)
