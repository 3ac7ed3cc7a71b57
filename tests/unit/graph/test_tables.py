"""Elementwise operators of one value become a table, of the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tests.ops.operators.tables import CASES, RANDOM, SHAPE, SIGMOID, Chain, gate
from tests.ops.oracle import Tflm
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.frontends.tflite.writer import write_model
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.model import Model
from tinyssl.graph.passes import compose_tables, run_passes
from tinyssl.ops.table import SPEC, ByteTable

MADE: dict[str, Callable[[], bytes]] = {
    **CASES,
    **{f"random {seed}": partial(RANDOM["tables"], seed) for seed in range(60)},
}


def kinds(data: bytes) -> list[str]:
    return [SPEC.text(model, op) if isinstance(op, ByteTable) else op.kind
            for model in [compose_tables(read_model(data))] for op in model.ops]  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_all_256_outputs_are_those_of_tflm(name: str) -> None:
    data = MADE[name]()
    model = run_passes(read_model(data, name))
    if not all(isinstance(op, ByteTable) for op in model.ops):
        return  # an operator by itself, which has a table anyway
    value = model.input
    given = np.resize(np.arange(256, dtype=np.uint8), 256 // value.elements * value.elements + 256)
    oracle = Tflm(data)
    for first in range(0, 256, value.elements):
        codes = given[first : first + value.elements]
        theirs = oracle.run([codes.view(value.dtype.value).reshape(value.shape)])
        for found, expected in zip(looked_up(model, codes), theirs, strict=True):
            np.testing.assert_array_equal(found, np.ravel(expected).view(np.uint8))


def looked_up(model: Model, codes: np.ndarray) -> list[np.ndarray]:
    """The bytes of all outputs."""
    found = {model.inputs[0]: codes}
    for op in model.ops:
        assert isinstance(op, ByteTable)
        places = found[op.input].view(np.int8).astype(int) + 128
        found[op.output] = np.array(op.entries, np.int8).view(np.uint8)[places]
    return [found[index] for index in model.outputs]


def test_most_random_graphs_are_tables() -> None:
    models = [run_passes(read_model(MADE[f"random {seed}"]())) for seed in range(60)]
    tables = [all(isinstance(op, ByteTable) for op in model.ops) for model in models]
    assert sum(tables) > 40


def test_what_became_a_table_is_told() -> None:
    model = run_passes(read_model(CASES["silu"]()))
    (change,) = model.changes
    assert (change.kind, change.labels) == (ChangeKind.TABLED, ("#0 LOGISTIC", "#1 MUL"))
    assert [op.label for op in model.ops] == ["#1 TABLE"]
    assert SPEC.text(model, model.ops[0]) == "TABLE (LOGISTIC+MUL)"
    with pytest.raises(UnsupportedModel, match="TABLE: no file has this operator"):
        write_model(model)


def test_a_value_that_others_read_is_the_source_of_what_follows() -> None:
    assert kinds(CASES["clip that is read between"]()) == [
        "TABLE (QUANTIZE+MAXIMUM)",
        "TABLE (MINIMUM+MUL)",
    ]


def lone(shape: tuple[int, ...]) -> bytes:
    chain = Chain(shape)
    chain.op("MUL", [chain.input, chain.number(5)])
    return chain.file.data()


def two_quantised() -> bytes:
    chain = Chain()
    chain.op("QUANTIZE", [chain.input])
    return chain.file.data()


def by_channel() -> bytes:
    chain = Chain()
    numbers = chain.file.constant(np.arange(SHAPE[3], dtype=np.int8), [0.02], [0])
    more = chain.op("MUL", [chain.input, numbers])
    chain.op("LOGISTIC", [more], SIGMOID)
    return chain.file.data()


def gated() -> bytes:
    """A product of two values: only the gate is a function of one."""
    chain = Chain()
    gate = chain.file.activation((1, 1, 1, SHAPE[3]), 0.01, 0)
    less = chain.file.activation((1, 1, 1, SHAPE[3]), 0.01, 0)
    chain.file.operator("MINIMUM", [gate, chain.number(9)], [less])
    more = chain.file.activation((1, 1, 1, SHAPE[3]), *SIGMOID)
    chain.file.operator("LOGISTIC", [less], [more], 2)
    chain.op("MUL", [chain.input, more])
    return chain.file.data(inputs=[chain.input, gate])


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (lambda: lone((1, 4, 8, 8)), ["TABLE (MUL)"]),
        (lambda: lone((1, 4, 8, 7)), ["MUL"]),
        (two_quantised, ["QUANTIZE"]),
        (by_channel, ["MUL", "LOGISTIC"]),
        (gated, ["TABLE (MINIMUM+LOGISTIC)", "MUL"]),
        (gate, ["TABLE (MINIMUM+RELU)"]),
    ],
)
def test_what_is_left(make: Callable[[], bytes], left: list[str]) -> None:
    assert kinds(make()) == left
