"""The cost model against what was measured: docs/engines.json, written by another tool."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinyssl.compiler.describe import describe_calls
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.targets.boards import Isa
from tinyssl.targets.cost import cost
from tinyssl.targets.cost_table import CONSTANTS, RESIDUALS
from tinyssl.zoo import entries
from tools.fit_cost import FLOOR, call_features, non_negative

ROOT = Path(__file__).parents[3]
MEASURED = json.loads((ROOT / "docs" / "engines.json").read_text())["layers"]["mps2_an500"]
REFERENCES = {
    "vww_96": "vww_96_int8.tflite",
    "resnet8": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
}
WORST = 0.05
"""Largest error of a step that the model is to predict; softmax depends on what it is given"""


def model_data(name: str) -> bytes:
    if name == "zoo 32x32":
        return entries()[0].model.read_bytes()
    path = ROOT.parent / "shared" / "models" / REFERENCES[name]
    if not path.exists():
        pytest.skip(f"needs ../shared/models/{path.name}")
    return path.read_bytes()


def errors(name: str) -> Iterator[tuple[str, float]]:
    model = run_passes(read_model(model_data(name), name))
    calls = choose_calls(model, Isa.CORTEX_M7)
    rows = MEASURED[name]
    texts = [row["text"] for row in describe_calls(model, calls)]
    assert texts == [row["text"] for row in rows], "engines.json has other calls: measure again"
    for call, row in zip(calls, rows, strict=True):
        if call.kernel is not None and row["text"] != "SOFTMAX":
            predicted = cost(*call_features(model, call))
            measured = row["instructions"]
            yield row["text"], (predicted - measured) / max(measured, FLOOR)


@pytest.mark.parametrize("name", ["zoo 32x32", *REFERENCES])
def test_the_model_predicts_what_was_measured(name: str) -> None:
    found = list(errors(name))
    assert found
    assert [(text, error) for text, error in found if abs(error) > WORST] == []
    assert float(np.median([abs(error) for _, error in found])) < 0.02


def test_constants_are_costs_and_residuals_are_stated() -> None:
    assert CONSTANTS.keys() == RESIDUALS.keys()
    assert all(value > 0 for found in CONSTANTS.values() for value in found.values())


def test_non_negative_least_squares() -> None:
    """Against a search on a grid, where the plain solution is negative."""
    source = np.random.default_rng(0)
    matrix = source.uniform(0.1, 1, (12, 2))
    target = matrix @ np.array([2.0, -0.5])
    found = non_negative(matrix, target)
    grid = np.stack(np.meshgrid(np.linspace(0, 3, 601), np.linspace(0, 1, 201)), -1).reshape(-1, 2)
    best = grid[np.argmin(((grid @ matrix.T - target) ** 2).sum(1))]
    assert found == pytest.approx(best, abs=0.01)
    assert np.linalg.lstsq(matrix, target, rcond=None)[0][1] < 0 <= found[1]
