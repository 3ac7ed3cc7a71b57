"""Rules of elementwise operators, each broken once."""

from __future__ import annotations

import pytest

from tests.ops.operators.pairs import pair
from tests.ops.operators.unary import unary
from tests.unit.graph.test_verify import with_tensor
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType
from tinyssl.graph.verify import verify

BROKEN = {
    "logistic output": (
        lambda: unary("LOGISTIC", target=(1 / 256, 0)),
        lambda m: m,
        "#0 LOGISTIC: output has zero point 0; it must be -128",
    ),
    "tanh int16 output": (
        lambda: unary("TANH", (0.0003, 0), (0.001, 0), "int16"),
        lambda m: m,
        r"#0 TANH: output has scale 0.001; it must be 2\^-15",
    ),
    "hard swish output": (
        lambda: unary("HARD_SWISH", (0.5, 0), (0.001, 0)),
        lambda m: m,
        "#0 HARD_SWISH: the output scale is below 1/128 of the input's",
    ),
    "sub output": (
        lambda: pair("SUB", quants=((0.9, 0), (0.9, 0), (1e-7, 0))),
        lambda m: m,
        r"#0 SUB: the output scale is 2\^-19 of the inputs' or less",
    ),
}
"""name: (file, change, message)"""

UNSUPPORTED = {
    "hard swish output": (
        lambda: unary("HARD_SWISH", (0.05, 0), (300.0, 0)),
        lambda m: m,
        "#0 HARD_SWISH: the output scale is 256 times the input's, or more",
    ),
    "broadcast": (
        lambda: pair("ADD", (2, 1, 2, 1, 2), (1, 3, 1, 3, 1)),
        lambda m: m,
        r"#0 ADD: broadcasting \[2, 1, 2, 1, 2\] and .* takes 5 loops; up to 4",
    ),
    "relu up": (
        lambda: unary("RELU", (0.9, 0), (1e-9, 0)),
        lambda m: m,
        "#0 RELU: the scaled input can reach",
    ),
    "rsqrt up": (
        lambda: unary("RSQRT", (1e-9, -128), (1e-9, 0)),
        lambda m: m,
        r"#0 RSQRT: the outputs reach 2\^45; up to 2\^30",
    ),
    "logistic int16 input": (
        lambda: unary("LOGISTIC", (8.0, 0), (2**-15, 0), "int16"),
        lambda m: m,
        "#0 LOGISTIC: the input scale 8 is beyond",
    ),
    "square up": (
        lambda: pair("SQUARED_DIFFERENCE", quants=((0.9, 0), (0.9, 0), (1e-6, 0))),
        lambda m: m,
        "#0 SQUARED_DIFFERENCE: the square can reach",
    ),
    "int8 comparison": (
        lambda: pair("LESS", quants=((1.5, 0), (0.5, 0), (1.0, 0))),
        lambda m: m,
        "#0 LESS: left has scale 1.5; TensorFlow Lite Micro compares int8 of scales below 1",
    ),
    "comparison of two types": (
        lambda: pair("LESS"),
        lambda m: with_tensor(m, 1, dtype=DType.FLOAT32, quant=None),
        "#0 LESS: inputs are int8 and float32",
    ),
}
"""The same of models that are sound"""


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_is_named(name):
    make, change, message = BROKEN[name]
    with pytest.raises(ModelError, match=message) as caught:
        verify(change(read_model(make())))
    assert not isinstance(caught.value, UnsupportedModel)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_is_named(name):
    make, change, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedModel, match=message):
        verify(change(read_model(make())))
