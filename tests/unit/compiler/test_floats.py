"""A float model runs, and its user learns what that costs."""

from __future__ import annotations

import numpy as np

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tinyssl.compiler.floats import float_note
from tinyssl.frontends.tflite import read_model


def half_float() -> bytes:
    """An INT8 layer of 16 MACs, its output dequantised, and a float layer of 4 MACs."""
    file = Flatfile()
    start = file.activation((1, 8))
    weight = file.constant(np.ones((2, 8), np.int8), [0.01])
    inner = file.activation((1, 2), 0.3)
    file.operator("FULLY_CONNECTED", [start, weight], [inner], 4)
    floats = file.activation((1, 2), dtype="float32")
    file.operator("DEQUANTIZE", [inner], [floats], 2)
    last = file.constant(np.ones((2, 2), np.float32))
    output = file.activation((1, 2), dtype="float32")
    file.operator("FULLY_CONNECTED", [floats, last], [output], 1)
    return file.data()


def test_the_share_of_float_work_is_told() -> None:
    told = float_note(read_model(half_float()))
    assert told.startswith("1 operator computes in float32 (20 % of the MACs)")
    assert "tinyssl convert --model" in told


def test_an_int8_model_is_not_told_of_floats() -> None:
    assert float_note(read_model(cases.conv())) == ""
