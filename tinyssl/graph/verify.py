"""The rules of the IR, run between stages. An error names operator, tensor and broken rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.graph.blockers import blocked
from tinyssl.graph.check import CONTRADICTION_HINT, Check
from tinyssl.graph.model import Model
from tinyssl.graph.types import type_blockers
from tinyssl.ops import rules, weight_rules
from tinyssl.ops.operators import (
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
            batched, or has more than one input or output. Names all that is not supported.
    """
    found = _end_blockers(model)
    if not found:
        _check_ends(model)
        _check_order(model)
    found += find_blockers(model)
    if found:
        raise blocked(found)


def find_blockers(model: Model) -> list[Blocker]:
    """All that is not supported in the types and operators of a model; empty for most.

    Raises:
        ModelError: A rule is broken.
    """
    found, wrong = type_blockers(model)
    if batched := _batch_blockers(model):
        return [*found, *batched]  # all shapes that follow have it too
    for op in model.ops:
        if type(op) not in RULES:
            hint = "supported: " + ", ".join(OPS)
            found.append(Blocker(op.label, "operator is not supported", hint))
            continue
        if wrong.isdisjoint((*op.inputs, op.output)):
            found += _rule_blockers(Check(model, op))
    return found


def _rule_blockers(check: Check[Op]) -> tuple[Blocker, ...]:
    """What the first rule says that is not supported."""
    try:
        for rule in (rules.activations, *RULES[type(check.op)]):
            rule(check)
    except UnsupportedModel as error:
        return error.blockers
    return ()


def _end_blockers(model: Model) -> list[Blocker]:
    return [
        Blocker(
            "",
            f"the model has {len(indices)} {what}s; exactly one is supported",
            "convert a model with one input and one output tensor",
        )
        for what, indices in (("input", model.inputs), ("output", model.outputs))
        if len(indices) != 1
    ]


def _batch_blockers(model: Model) -> list[Blocker]:
    """A batch is told once, at the input."""
    if len(model.inputs) != 1 or rules.batch(model) == 1:
        return []
    text = f"the input {model.input.name} has shape {list(model.input.shape)}; the batch must be 1"
    return [Blocker("", text, "convert the model with a batch of one")]


def _check_ends(model: Model) -> None:
    for what, tensor in (("input", model.input), ("output", model.output)):
        if tensor.constant:
            raise ModelError(
                f"the model's {what} {tensor.name} is a constant", hint=CONTRADICTION_HINT
            )


def _check_order(model: Model) -> None:
    """Every activation is written once, before it is read."""
    written = set(model.inputs)
    for op in model.ops:
        for index in op.inputs:
            tensor = model.tensor(index)
            if index not in written and not tensor.constant:
                raise ModelError(
                    f"{op.label}: input {index} ({tensor.name}) is read before it is written",
                    hint=CONTRADICTION_HINT,
                )
        if op.output in written or model.tensor(op.output).constant:
            name = model.tensor(op.output).name
            raise ModelError(
                f"{op.label}: output {op.output} ({name}) is written twice", CONTRADICTION_HINT
            )
        written.add(op.output)
    if model.outputs[0] not in written - set(model.inputs):
        raise ModelError(
            f"the output {model.output.name} is never written", hint=CONTRADICTION_HINT
        )
