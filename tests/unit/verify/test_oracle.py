"""Who runs a model that tinyssl or TensorFlow Lite Micro does not, and what is said about it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.ops.flatfile import Flatfile
from tests.ops.operators.quantize import rescaled
from tinyssl.bench.subject import load_model, open_reference
from tinyssl.cli.output import Table
from tinyssl.cli.verify import verify_result
from tinyssl.codegen.tflm_operators import SOURCES
from tinyssl.core.config import BuildConfig, VerifyConfig
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.outline import is_outline
from tinyssl.ops import OPS
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.oracle import LitertOracle, open_oracle
from tinyssl.runtimes.support import read_for_engine, read_supported, who_runs
from tinyssl.stages.build import build
from tinyssl.stages.verify import verify
from tinyssl.verify import check_host

LITERT_ALONE = {
    "float32 to uint8": partial(rescaled, ("float32", "uint8"), (1.0, 1 / 16), (0, 100)),
    "uint8 to uint8": partial(rescaled, ("uint8", "uint8"), (0.05, 0.07), (100, 250)),
}
"""What our engine runs and TensorFlow Lite Micro does not"""


def pair(kind: str) -> bytes:
    """An operator of two float32 inputs."""
    file = Flatfile()
    parts = [file.activation((1, 6), dtype="float32", name=name) for name in ("a", "b")]
    file.operator(kind, parts, [file.activation((1, 6), dtype="float32", name="c")])
    return file.data(inputs=parts)


@pytest.fixture
def tflm_alone(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """TensorFlow Lite Micro runs it, our engine does not."""
    monkeypatch.setitem(SOURCES, "FLOOR_DIV", OPS["FLOOR_DIV"].tflm.source)
    monkeypatch.delitem(OPS, "FLOOR_DIV")
    return pair("FLOOR_DIV")


@pytest.mark.parametrize("name", LITERT_ALONE)
def test_litert_is_the_oracle_where_tflm_fails(name):
    data = LITERT_ALONE[name]()
    oracle = open_oracle(data)
    assert isinstance(oracle, LitertOracle)
    inputs = make_inputs(read_model(data), 20, 0)
    found = check_host(data, inputs)
    theirs = LitertInterpreter(data, Kernels.REFERENCE)
    for x, ours in zip(inputs, found.outputs, strict=True):
        for output, expected in theirs.run(x).items():
            np.testing.assert_array_equal(ours[output], expected)
    assert len(np.unique([output for outputs in found.outputs for output in outputs.values()])) > 9


def test_verify_says_that_it_compared_with_litert(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(LITERT_ALONE["float32 to uint8"]())
    record = verify(VerifyConfig(model=model, images=12), Workspace(tmp_path))
    assert record.results["reference"] == "LiteRT's reference kernels"
    assert record.results["equal"] == record.results["images"]
    assert "tflm" not in record.results["engines"]
    table = verify_result(record).blocks[0]
    assert isinstance(table, Table)
    assert "byte-equal to LiteRT" in table.columns


def test_a_refusal_says_that_tflm_runs_the_model(tflm_alone):
    with pytest.raises(UnsupportedModel) as caught:
        read_supported(tflm_alone)
    assert "#0 FLOOR_DIV: operator is not supported" in caught.value.message
    assert "TensorFlow Lite Micro runs it: `tinyssl build --engine tflm`" in caught.value.hint


def test_the_engine_tflm_builds_what_it_alone_runs(tflm_alone, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(tflm_alone)
    config = BuildConfig(board="mps2_an500", model=model, compile=False)
    with pytest.raises(UnsupportedModel):
        build(config, Workspace(tmp_path))
    info = build(replace(config, engine="tflm"), Workspace(tmp_path))
    folder = tmp_path / "build" / "mps2_an500"
    text = (folder / "src/engine/engine_tflm.cc").read_text()
    assert "AddFloorDiv()" in text
    assert re.search(r'"a", shape0, 24, .*\n .*FLOAT32, TINYSSL_KIND_INPUT', text)
    assert "kernels/floor_div.cc" in (folder / "lib/tflm/library.json").read_text()
    assert [op["name"] for op in info.ops] == ["#0 FLOOR_DIV"]
    loaded, data = load_model(info)
    assert is_outline(loaded)
    reference = open_reference(loaded, data, Silent())
    feeds = {"a": np.full((1, 6), 7.5, np.float32), "b": np.full((1, 6), 2.0, np.float32)}
    np.testing.assert_array_equal(reference.runtime.run(feeds)["c"], np.full((1, 6), 3.0))


def test_a_refusal_says_that_litert_alone_runs_the_model() -> None:
    found = who_runs(pair("POW"))
    assert found is not None
    assert "POW" in found.tflm
    assert str(found).startswith(
        "LiteRT's reference kernels run it, TensorFlow Lite Micro does not"
    )
    with pytest.raises(ModelError, match="POW"):
        read_for_engine("tflm", pair("POW"))
