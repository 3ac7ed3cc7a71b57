"""The rules of the IR, run between stages. An error names operator, tensor and broken rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyssl.errors import ModelError, UnsupportedModel
from tinyssl.ir import rules, weight_rules
from tinyssl.ir.check import AGAIN, Check
from tinyssl.ir.model import Model
from tinyssl.ir.ops import (
    OPS,
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    MaxPool2D,
    Mean,
    Op,
    Pad,
    Reshape,
    Softmax,
)

Rule = Callable[[Check[Any]], None]

_CONV: tuple[Rule, ...] = (
    rules.image,
    rules.window,
    rules.padding,
    weight_rules.conv_weights,
    rules.shape,
    weight_rules.accumulator,
)
_POOL: tuple[Rule, ...] = (
    rules.image,
    rules.window,
    rules.padding,
    rules.shape,
    rules.same_quant,
)

RULES: dict[type[Op], tuple[Rule, ...]] = {
    Conv2D: _CONV,
    DepthwiseConv2D: _CONV,
    FullyConnected: (weight_rules.dense_weights, rules.shape, weight_rules.accumulator),
    Add: (rules.add, rules.shape),
    Pad: (rules.image, rules.padding, rules.shape, rules.same_quant),
    Mean: (rules.image, rules.shape, rules.mean),
    AveragePool2D: _POOL,
    MaxPool2D: _POOL,
    Reshape: (rules.same_elements, rules.same_quant),
    Softmax: (rules.shape, rules.softmax),
}
"""What each operator must keep besides `rules.activations`, in the order it is checked"""


def verify(model: Model) -> None:
    """Checks that the generated C computes what the model says.

    Raises:
        ModelError: A rule is broken: the model contradicts itself.
        UnsupportedModel: The model is sound, but floating point, too large for int32 arithmetic,
            batched, or has more than one input or output.
    """
    _check_ends(model)
    _check_order(model)
    for op in model.ops:
        if type(op) not in RULES:
            raise UnsupportedModel(
                f"{op.label}: operator is not supported", hint="supported: " + ", ".join(OPS)
            )
        check = Check(model, op)
        for rule in (rules.activations, *RULES[type(op)]):
            rule(check)


def _check_ends(model: Model) -> None:
    for what, indices in (("input", model.inputs), ("output", model.outputs)):
        if len(indices) != 1:
            raise UnsupportedModel(
                f"the model has {len(indices)} {what}s; exactly one is supported",
                hint="convert a model with one input and one output tensor",
            )
        if model.tensor(indices[0]).constant:
            name = model.tensor(indices[0]).name
            raise ModelError(f"the model's {what} {name} is a constant", hint=AGAIN)


def _check_order(model: Model) -> None:
    """Every activation is written once, before it is read."""
    written = set(model.inputs)
    for op in model.ops:
        for index in op.inputs:
            tensor = model.tensor(index)
            if index not in written and not tensor.constant:
                raise ModelError(
                    f"{op.label}: input {index} ({tensor.name}) is read before it is written",
                    hint=AGAIN,
                )
        if op.output in written or model.tensor(op.output).constant:
            name = model.tensor(op.output).name
            raise ModelError(f"{op.label}: output {op.output} ({name}) is written twice", AGAIN)
        written.add(op.output)
    if model.outputs[0] not in written:
        raise ModelError(f"the output {model.output.name} is never written", hint=AGAIN)
