"""The MLPerf Tiny models on many random and real inputs: the last byte equals TFLM's.

With TINYSSL_ALL_INPUTS=1 they are 1,000 and 256 (six minutes; `.ci/scheduled` does it), otherwise
128 and 64. Every operator on fewer inputs: test_reference_models.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.ops.cases import inputs_for
from tests.ops.image import TARGETS, make_program, require, run_program
from tests.ops.oracle import Tflm
from tests.ops.real_inputs import FILES, real_inputs
from tinyssl.compiler import compile
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.runtimes.host import HostModel

MODELS = Path(__file__).parents[2].parent / "shared" / "models"
ISAS = sorted({target.isa for target in TARGETS.values() if not target.emulator})
RANDOM, REAL = (1000, 256) if os.environ.get("TINYSSL_ALL_INPUTS") else (128, 64)
EMULATED = REAL // 4
"""Of each kind, on an emulated core"""


def model_file(name: str) -> bytes:
    path = MODELS / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"needs ../shared/models/{name}.tflite")
    return path.read_bytes()


def all_inputs(name: str, random: int, real: int) -> list[np.ndarray]:
    model = read_model(model_file(name), name)
    assert model.input.quant is not None
    drawn = inputs_for(model.input.shape, model.input.quant.zero_point[0], random, seed=1)
    found = real_inputs(name, real)
    assert len(found) == real
    return [*drawn, *found]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FILES)
def test_outputs_equal_tflms(name):
    data = model_file(name)
    model = run_passes(read_model(data, name))
    inputs = all_inputs(name, RANDOM, REAL)
    oracle = Tflm(data)
    expected = [oracle.invoke(x).ravel() for x in inputs]
    assert len(np.unique(np.stack(expected[RANDOM:]), axis=0)) > REAL // 16
    for isa in ISAS:
        with HostModel(compile(model, isa)) as ours:
            for number, (x, y) in enumerate(zip(inputs, expected, strict=True)):
                np.testing.assert_array_equal(
                    ours.invoke(x).ravel(), y, err_msg=f"{isa.value}, input {number}"
                )


@pytest.mark.emulator
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("target", [name for name in TARGETS if TARGETS[name].emulator])
def test_outputs_of_emulated_cores_equal_tflms(target, tmp_path):
    """All three models in one program."""
    require(TARGETS[target])
    graphs = {name: model_file(name) for name in FILES}
    feeds = {name: all_inputs(name, EMULATED, EMULATED) for name in FILES}
    program = make_program(graphs, TARGETS[target].isa, feeds)
    assert run_program(program, TARGETS[target], tmp_path, seconds=1500) == []
