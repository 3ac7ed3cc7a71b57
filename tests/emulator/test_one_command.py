"""One command from a model of each framework to the figures of an emulated board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tinyssl.cli.app import cli
from tinyssl.core.records import BuildInfo, read_record
from tinyssl.frontends.tflite import is_canonical, read_model

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(600)]

BOARD = "mps2_an500"
FILES = {
    "model.keras": "Keras",
    "saved_model": "TensorFlow",
    "model.onnx": "ONNX",
    "model.pt2": "PyTorch",
}
FEW = {
    "TINYSSL_CONVERT_CALIBRATION_IMAGES": "16",
    "TINYSSL_VERIFY_IMAGES": "12",
    "TINYSSL_BENCH_IMAGES": "12",
    "TINYSSL_BENCH_RUNS": "1",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: what their firmware shares is compiled once."""
    return tmp_path_factory.mktemp("workspace")


def run(workspace: Path, *words: str) -> dict[str, Any]:
    """What `tinyssl run` prints as JSON."""
    arguments = ["-w", str(workspace), "run", "--board", BOARD, "--json", *words]
    shown = CliRunner().invoke(cli, arguments, env=FEW)
    assert shown.exit_code == 0, shown.output
    return dict(json.loads(shown.stdout))


def ended_equal(result: dict[str, Any]) -> None:
    """The bench run's record says that the board gave all bytes."""
    record = read_record(Path(result["runs"]["bench"]))
    assert (record.status, record.results["board"]) == ("complete", BOARD)
    assert record.results["inputs"] == record.results["equal"] == 12
    assert record.results["latency"]["median"] > 0


@pytest.mark.parametrize(
    "name",
    [
        "model.keras",
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("model.onnx", "model.pt2", "saved_model")
        ),
    ],
)
def test_a_model_of_each_framework_is_measured(
    name: str, framework_models: Path, workspace: Path
) -> None:
    samples = str(framework_models / "samples.npz")
    result = run(workspace, "--model", str(framework_models / name), "--calibration", samples)
    assert result["steps"] == ["convert", "verify", "build", "flash", "bench"]
    ended_equal(result)
    verified = read_record(Path(result["runs"]["verify"])).results
    assert verified["equal"] == verified["images"] == 12
    converted = read_record(Path(result["runs"]["convert"]))
    assert converted.results["framework"] == FILES[name]
    assert converted.results["float_difference"] < 1e-5
    assert converted.results["float_compared"] == 8
    assert converted.results["sqnr_db_output"] > 0
    data = converted.path("model").read_bytes()
    model = read_model(data)
    assert is_canonical(data) == []
    assert (model.input.shape, model.input.dtype.value) == ((1, 16, 16, 3), "int8")
    assert model.output.shape == (1, 5)
    assert "TRANSPOSE" not in [op.kind for op in model.ops]


def test_it_goes_on_with_what_has_not_changed(framework_models: Path, tmp_path: Path) -> None:
    samples = str(framework_models / "samples.npz")
    words = ("--model", str(framework_models / "model.tflite"), "--calibration", samples)
    first = run(tmp_path, *words, "--to", "convert")
    again = run(tmp_path, *words, "--to", "convert", "--resume")
    assert again["runs"] == first["runs"]
    run(tmp_path, *words, "--to", "convert", "--calibration-images", "4")
    built = run(tmp_path, *words, "--from", "build", "--to", "build")
    assert built["steps"] == ["build"]
    info = BuildInfo.load(tmp_path / "build" / BOARD, tmp_path)
    assert Path(info.model_path).parent == Path(first["runs"]["convert"])  # not the last one


def test_an_int8_model_is_taken_as_it_is(tiny_tflite: Path, workspace: Path) -> None:
    result = run(workspace, "--model", str(tiny_tflite), "--to", "build")
    assert result["steps"] == ["verify", "build"]
    assert BuildInfo.load(workspace / "build" / BOARD, workspace).model_path == str(tiny_tflite)
