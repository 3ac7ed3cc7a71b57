"""Kinds of values, and the named tensors that a program around a model sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinyssl.graph.interface import check_feeds, named_values
from tinyssl.graph.model import DType, Model, Value, ValueKind
from tinyssl.ops.add import Add
from tinyssl.ops.softmax import Softmax


def two_ended() -> Model:
    """a + b -> sum -> softmax; both are outputs. And one value of every other kind."""
    values = (
        Value("a", (1, 4), DType.INT8),
        Value("b", (1, 4), DType.INT8),
        Value("sum", (1, 4), DType.INT8),
        Value("classes", (1, 4), DType.INT8),
        Value("gain", (4,), DType.FLOAT32, data=bytes(16), kind=ValueKind.PARAMETER),
        Value("memory", (1, 4), DType.INT16, kind=ValueKind.STATE),
        Value("table", (4,), DType.INT8, data=bytes(4)),
        Value("between", (4,), DType.INT8),
    )
    ops = (Add(index=0, left=0, right=1, output=2), Softmax(index=1, input=2, output=3))
    return Model("ends", values, ops, (1, 0), (3, 2))


def test_kind_follows_from_the_place_in_the_graph() -> None:
    kinds = [value.kind.value for value in two_ended().tensors]
    assert kinds[:4] == ["input", "input", "output", "output"]
    assert kinds[4:] == ["parameter", "state", "constant", "activation"]


def test_kind_changes_with_the_ends() -> None:
    cut = replace(two_ended(), outputs=(2,))
    assert cut.tensor(2).kind is ValueKind.OUTPUT
    assert cut.tensor(3).kind is ValueKind.ACTIVATION


def test_parameters_and_states_are_no_constants_and_keep_a_first_value() -> None:
    model = two_ended()
    assert [value.name for value in model.tensors if value.constant] == ["table"]
    assert model.tensor(4).array().dtype == np.float32


def test_named_values_are_numbered_inputs_outputs_parameters_states() -> None:
    found = named_values(two_ended())
    assert [value.name for value in found] == ["b", "a", "classes", "sum", "gain", "memory"]
    assert [value.id for value in found] == list(range(6))
    assert [value.bytes for value in found] == [4, 4, 4, 4, 16, 8]


def test_a_name_that_is_taken_gets_a_number() -> None:
    model = two_ended()
    values = tuple(replace(value, name="x") for value in model.tensors)
    found = named_values(replace(model, tensors=values))
    assert [value.name for value in found] == ["x", "x#0", "x#3", "x#2", "x#4", "x#5"]


def test_feeds_are_put_in_order() -> None:
    inputs = named_values(two_ended())[:2]
    a, b = np.arange(4, dtype=np.int8), np.zeros((1, 4), np.int8)
    found = check_feeds(inputs, {"a": a, "b": b})
    np.testing.assert_array_equal(found[1], [a])
    assert found[1].shape == (1, 4)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({"a": np.zeros(4, np.int8)}, "inputs .'a'. were given; the model has .'b', 'a'."),
        ({"a": np.zeros(4, np.int16), "b": np.zeros(4, np.int8)}, "input a is int16 .4.; .* int8"),
        ({"a": np.zeros(5, np.int8), "b": np.zeros(4, np.int8)}, "input a is int8 .5.; .* .1, 4."),
    ],
)
def test_wrong_feeds_are_refused(feeds: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_feeds(named_values(two_ended())[:2], feeds)
