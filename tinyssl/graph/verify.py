"""The rules of the IR, run between stages. An error names operator, tensor and broken rule."""

from __future__ import annotations

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.graph.blockers import blocked
from tinyssl.graph.check import CONTRADICTION_HINT, OpCheck
from tinyssl.graph.model import LASTING, Model, Op
from tinyssl.graph.states import outlived_views
from tinyssl.graph.types import type_blockers
from tinyssl.ops import OPS, OWN_OPERATOR_HINT, spec_of
from tinyssl.ops.common import rules


def verify(model: Model) -> None:
    """Checks that the generated C computes what the model says.

    Raises:
        ModelError: A rule is broken: the model contradicts itself.
        UnsupportedModel: The model is sound, but tinyssl does not do all that is in it. Names
            everything that stands in the way.
    """
    _check_ends(model)
    _check_order(model)
    if found := find_blockers(model):
        raise blocked(found)


def find_blockers(model: Model) -> list[Blocker]:
    """All that is not supported in the types and operators of a model; empty for most.

    Raises:
        ModelError: A rule is broken.
    """
    found, wrong = type_blockers(model)
    found += [
        Blocker(op.label, "its input is a variable that changes before its output is read")
        for op in outlived_views(model)
    ]
    for op in model.ops:
        if op.kind not in OPS:
            found.append(Blocker(op.label, "operator is not supported", OWN_OPERATOR_HINT))
            continue
        if wrong.isdisjoint((*op.inputs, *op.outputs)):
            found += _rule_blockers(OpCheck(model, op))
    return found


def _rule_blockers(check: OpCheck[Op]) -> tuple[Blocker, ...]:
    """What the first rule says that is not supported."""
    try:
        for rule in (rules.values, *spec_of(check.op).checks, _shapes):
            rule(check)
    except UnsupportedModel as error:
        return error.blockers
    return ()


def _shapes(check: OpCheck[Op]) -> None:
    """The outputs have the shapes that follow from the inputs."""
    expected = spec_of(check.op).shapes(check.model, check.op)
    for index, shape in zip(check.op.outputs, expected, strict=True):
        found = check.tensor(index).shape
        if found != shape or min(shape, default=1) < 1:
            raise check.violation(f"output has shape {list(found)}, the inputs give {list(shape)}")


def _check_ends(model: Model) -> None:
    for what, indices in (("input", model.inputs), ("output", model.outputs)):
        if not indices:
            raise ModelError(f"the model has no {what}", hint=CONTRADICTION_HINT)
        for value in map(model.tensor, indices):
            if what == "input" and value.constant:
                raise ModelError(
                    f"the model's input {value.name} is a constant", hint=CONTRADICTION_HINT
                )
            if value.kind in LASTING:
                raise ModelError(
                    f"the model's {what} {value.name} is a variable, which keeps its value between "
                    "inferences",
                    hint=CONTRADICTION_HINT,
                )


def _check_order(model: Model) -> None:
    """Every activation is written once, before it is read; what lasts, as often as it may be."""
    lasting = {*model.lasting}
    written = {*model.inputs, *lasting}
    for op in model.ops:
        for index in op.inputs:
            tensor = model.tensor(index)
            if index not in written and not tensor.constant:
                raise ModelError(
                    f"{op.label}: input {index} ({tensor.name}) is read before it is written",
                    hint=CONTRADICTION_HINT,
                )
        for index in set(op.outputs) - lasting:
            if index in written or model.tensor(index).constant:
                name = model.tensor(index).name
                raise ModelError(
                    f"{op.label}: output {index} ({name}) is written twice", CONTRADICTION_HINT
                )
            written.add(index)
    for index in model.outputs:
        if index not in written and not model.tensor(index).constant:
            raise ModelError(
                f"the output {model.tensor(index).name} is never written", hint=CONTRADICTION_HINT
            )
