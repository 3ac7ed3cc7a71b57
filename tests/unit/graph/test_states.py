"""Which copies of resource variables go. That the rest is right, tests/ops compares with TFLM."""

from __future__ import annotations

import pytest

from tests.ops.cases import CASES
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.passes import run_passes
from tinyssl.graph.states import last_use, writes

COPIES = {
    "variable streaming": [],
    "variable fixed": [],
    "variable viewed": ["ASSIGN_VARIABLE"],
    "variable sum": ["ASSIGN_VARIABLE"],
    "variable sum kept": ["READ_VARIABLE"],
    "variable viewed late": ["READ_VARIABLE", "ASSIGN_VARIABLE"],
    "variable read before": ["READ_VARIABLE", "ASSIGN_VARIABLE"],
    "variables swapped": ["READ_VARIABLE", "READ_VARIABLE", "ASSIGN_VARIABLE"],
}
"""Graph -> the copies that stay: an input cannot be written, an old value is needed later"""


def settled(name: str) -> Model:
    return run_passes(read_model(CASES[name]()))


@pytest.mark.parametrize("name", COPIES)
def test_only_needed_copies_stay(name: str) -> None:
    kinds = [op.kind for op in settled(name).ops if op.kind.endswith("_VARIABLE")]
    assert kinds == COPIES[name]


def test_an_operator_writes_into_the_state_itself() -> None:
    model = settled("variable streaming")
    (state,) = model.of_kind(ValueKind.STATE)
    assert model.ops[0].inputs[0] == state
    assert model.ops[1].outputs[1] == state
    assert writes(model, state) == [1]
    assert last_use(model, state) == 0


def test_a_variable_has_the_name_and_the_first_value_of_the_file() -> None:
    model = read_model(CASES["variable streaming"]())
    (state,) = model.of_kind(ValueKind.STATE)
    assert model.tensor(state).name == "past"
    assert model.tensor(state).array().ravel().tolist() == list(range(12))
