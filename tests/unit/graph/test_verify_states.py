"""Rules of what remembers: variables, SVDF, LSTM. Each is broken once, as in test_verify.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ops import cases
from tests.unit.graph.test_verify import with_op, with_quant, with_tensor
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, ValueKind
from tinyssl.graph.verify import verify

VIOLATIONS = {
    "circular buffer's depth": (
        cases.CASES["circular buffer"],
        lambda m: with_tensor(m, 0, shape=(1, 1, 1, 2)),
        r"#0 CUSTOM CIRCULAR_BUFFER: \[1, 4, 1, 3\] holds no inputs of \[1, 1, 1, 2\]",
    ),
    "circular buffer's input": (
        cases.CASES["circular buffer"],
        lambda m: with_tensor(m, 0, shape=(1, 2, 1, 3)),
        r"BUFFER: input has shape \[1, 2, 1, 3\], not",
    ),
    "circular buffer without a variable": (
        cases.CASES["circular buffer"],
        lambda m: with_tensor(m, 1, kind=ValueKind.ACTIVATION),
        "BUFFER: kept is not a variable",
    ),
    "svdf rank": (
        cases.CASES["svdf"],
        lambda m: with_op(m, rank=3),
        "#0 SVDF: 12 inputs, .* of rank 3",
    ),
    "svdf bias": (
        cases.CASES["svdf"],
        lambda m: with_tensor(m, 3, shape=(2,), data=bytes(8)),
        r"#0 SVDF: tensor3 has shape \[2\], not \[5\]",
    ),
    "svdf without a variable": (
        cases.CASES["svdf"],
        lambda m: with_tensor(m, 4, kind=ValueKind.CONSTANT, data=bytes(80)),
        "#0 SVDF: memory is not a variable",
    ),
    "svdf state zero": (
        cases.CASES["svdf"],
        lambda m: with_quant(m, 4, zero_point=(1,)),
        "#0 SVDF: memory has zero point 1",
    ),
    "lstm state": (
        cases.CASES["lstm"],
        lambda m: with_tensor(m, 14, shape=(1, 4)),
        "#0 UNIDIRECTIONAL_SEQUENCE_LSTM: state is not a variable of 5 int16",
    ),
    "lstm weights": (
        cases.CASES["lstm"],
        lambda m: with_op(m, weights=(1, 2, 3, 5)),
        r"LSTM: tensor5 has shape \[5, 5\], not \[5, 6\]",
    ),
    "lstm rank": (
        cases.CASES["lstm"],
        lambda m: with_tensor(m, 0, shape=(3, 6)),
        r"LSTM: input has shape \[3, 6\]; it has three dimensions",
    ),
    "assigned activation": (
        cases.CASES["variable read before"],
        lambda m: with_op(m, 1, state=m.inputs[0]),
        "#2 ASSIGN_VARIABLE: output 0 .tensor0. is written twice",
    ),
    "read activation": (
        cases.CASES["variable read before"],
        lambda m: with_op(m, 0, state=m.inputs[0]),
        "#1 READ_VARIABLE: tensor0 is not a resource variable",
    ),
    "variable size": (
        cases.CASES["variable read before"],
        lambda m: with_tensor(m, m.ops[0].inputs[0], shape=(1, 5)),
        "#1 READ_VARIABLE: 5 int8 elements cannot become 6 int8",
    ),
}

UNSUPPORTED = {
    "svdf sums": (
        cases.CASES["svdf"],
        lambda m: with_quant(m, 5, scale=(1e-9,)),
        "#0 SVDF: the accumulator can reach",
    ),
    "svdf types": (
        cases.CASES["svdf"],
        lambda m: with_tensor(m, 2, dtype=DType.INT8, data=bytes(40)),
        "#0 SVDF: the state and the weights over time have different types",
    ),
    "lstm sums": (
        cases.CASES["lstm"],
        lambda m: with_quant(m, 0, scale=(1e4,)),
        "#0 UNIDIRECTIONAL_SEQUENCE_LSTM: the accumulator can reach",
    ),
    "lstm wide sums": (
        cases.CASES["lstm int16"],
        lambda m: with_quant(m, 0, scale=(1e4,)),
        "#0 UNIDIRECTIONAL_SEQUENCE_LSTM: the accumulator can reach",
    ),
    "lstm state scale": (
        cases.CASES["lstm"],
        lambda m: with_quant(m, 14, scale=(8.0,)),
        "LSTM: the state's scale 8 is out of",
    ),
    "lstm units": (
        cases.CASES["lstm"],
        lambda m: with_quant(m, 5, scale=(0.1,) * 5, zero_point=(0,) * 5),
        "LSTM: tensor5 has a scale for each unit",
    ),
    "lstm bias": (
        cases.CASES["lstm"],
        lambda m: with_tensor(m, 9, dtype=DType.INT64, data=bytes(40)),
        "LSTM: tensor9 is int64; it must be int32",
    ),
    "view of a state": (
        cases.CASES["variable viewed late"],
        lambda m: with_op(replace(m, ops=m.ops[1:]), 0, input=m.ops[0].inputs[0]),
        "#2 RESHAPE: its input is a variable that changes before its output is read",
    ),
}


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_violation_names_operator_tensor_and_rule(rule):
    make, change, message = VIOLATIONS[rule]
    with pytest.raises(ModelError, match=message) as caught:
        verify(change(read_model(make())))
    assert not isinstance(caught.value, UnsupportedModel)


@pytest.mark.parametrize("rule", UNSUPPORTED)
def test_unsupported_is_named(rule):
    make, change, message = UNSUPPORTED[rule]
    with pytest.raises(UnsupportedModel, match=message):
        verify(change(read_model(make())))
