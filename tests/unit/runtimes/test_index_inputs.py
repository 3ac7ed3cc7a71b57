"""Inputs that are indices of a table stay in it: interpreters end at one that does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.cases import CASES
from tests.ops.flatfile import Flatfile
from tinyssl.frontends.tflite import read_model
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter


def words() -> bytes:
    """Real numbers that become indices of 20 rows, after a CAST and a RESHAPE."""
    file = Flatfile()
    start = file.activation((1, 7), dtype="float32")
    whole, flat = file.activation((1, 7), dtype="int32"), file.activation((7,), dtype="int32")
    output = file.activation((7, 3), 0.1)
    table = file.constant(np.arange(60, dtype=np.int8).reshape(20, 3), [0.1])
    file.operator("CAST", [start], [whole], inDataType=0, outDataType=2)
    file.operator("RESHAPE", [whole], [flat], newShape=[7])
    file.operator("EMBEDDING_LOOKUP", [flat, table], [output])
    return file.data()


@pytest.mark.parametrize(
    ("make", "end"),
    [(CASES["gather from a table"], 7), (CASES["gather nd by input"], 4), (words, 20)],
)
def test_indices_reach_both_ends_and_tflm_takes_all(make, end) -> None:
    model = read_model(make())
    inputs = make_inputs(model, 64, 0)
    name = [model.tensor(index).name for index in model.inputs][-1]
    numbers = np.array([feeds[name] for feeds in inputs])
    assert numbers.min() == 0
    assert end - 2 < numbers.max() <= end - 1
    oracle = TflmInterpreter(make())
    for feeds in inputs:
        oracle.run(feeds)
