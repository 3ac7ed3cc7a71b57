"""Shape rules against the files, costs against counts made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops import cases
from tinyssl.frontends.tflite import read_model
from tinyssl.ops import macs, spec_of

SHARED = Path(__file__).parents[3].parent / "shared" / "models"


@pytest.mark.parametrize("name", cases.CASES)
def test_shape_rule_agrees_with_the_file(name):
    model = read_model(cases.CASES[name]())
    for op in model.ops:
        found = tuple(model.tensor(index).shape for index in op.outputs)
        assert spec_of(op).shapes(model, op) == found


def test_macs_of_single_operators() -> None:
    model = read_model(cases.conv(size=(7, 6), channels=(3, 5), kernel=(3, 3)))
    assert macs(model, model.ops[0]) == 7 * 6 * 5 * 3 * 3 * 3
    model = read_model(cases.depthwise(size=(7, 6), channels=(6, 6), kernel=(3, 3)))
    assert macs(model, model.ops[0]) == 7 * 6 * 6 * 3 * 3
    model = read_model(cases.dense(shape=(1, 40), outputs=11))
    assert macs(model, model.ops[0]) == 440
    assert macs(read_model(cases.pool()), read_model(cases.pool()).ops[0]) == 0


@pytest.mark.parametrize(
    ("name", "millions"),
    [("vww_96_int8", 7.5), ("pretrainedResnet_quant", 12.5), ("kws_ref_model", 2.7)],
)
def test_macs_of_the_mlperf_tiny_models(name, millions):
    """The figures that are quoted for them everywhere, one digit behind the point."""
    path = SHARED / f"{name}.tflite"
    if not path.exists():
        pytest.skip("needs ../shared/models")
    model = read_model(path.read_bytes())
    assert sum(macs(model, op) for op in model.ops) / 1e6 == pytest.approx(millions, abs=0.06)
