"""What `tinyssl run --model` says before it does anything. tests/emulator does it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from tests.ops.flatfile import Flatfile

Invoke = Callable[..., Result]
CONVERT = ("--model", "float.tflite", "--calibration", "samples.npz")


def float_model() -> bytes:
    file = Flatfile()
    ends = [file.activation((1, 4), dtype="float32") for _ in range(2)]
    file.operator("RELU", ends[:1], ends[1:])
    return file.data()


@pytest.fixture
def files(workspace: Path, tiny_tflite: Path) -> Path:
    """A workspace with files whose names are right."""
    (workspace / "int8.tflite").write_bytes(tiny_tflite.read_bytes())
    (workspace / "float.tflite").write_bytes(float_model())
    (workspace / "net.onnx").touch()
    np.savez(workspace / "samples.npz", x=np.zeros((4, 8, 8, 3)))
    return workspace


@pytest.mark.parametrize(
    ("arguments", "said", "advice"),
    [
        ((), "tinyssl.toml, and no --model", "--model FILE --calibration DATA"),
        (("--model", "gone.onnx"), "there is no gone.onnx", "--model"),
        (("--model", "samples.npz"), "samples.npz is no model", ".onnx"),
        (("--model", "int8.tflite", "--test-data", "."), "pixels scaled", "--pixels"),
        (("--model", "net.onnx"), "samples of what it will see", "--calibration"),
        (("--model", "net.onnx", "--calibration", "no"), "there is no no", "--calibration"),
        (("--model", "int8.tflite", "--from", "convert"), "--from convert", "taken as it is"),
        ((*CONVERT, "--to", "report"), "--to report: not a stage", "name one of these"),
        ((*CONVERT, "--from", "build"), "was not converted", "leave --from build out"),
        ((*CONVERT, "--board", "mps2_an50"), "no board 'mps2_an50'", "mps2_an500"),
        ((*CONVERT, "--test-data", "away"), "there is no away", "--test-data"),
        (("--model", "int8.tflite", *CONVERT[2:]), "is quantised already", "--calibration out"),
        (("--model", "float.tflite"), "samples of what it will see", "--calibration"),
        ((*CONVERT, "--boards", "host", "--board", "host"), "contradict", "take --boards"),
    ],
)
def test_usage_error(
    invoke: Invoke, files: Path, arguments: tuple[str, ...], said: str, advice: str
) -> None:
    shown = invoke("run", *arguments, "--json")
    error = json.loads(shown.stdout)["error"]
    assert (shown.exit_code, error["kind"]) == (2, "UsageError")
    assert said in error["message"]
    assert advice in error["hint"]
    assert not (files / "runs").exists()


def test_another_model_of_the_file_is_not_built_in_silence(invoke: Invoke, files: Path) -> None:
    (files / "tinyssl.toml").write_text('[build]\nmodel = "int8.tflite"\n')
    shown = invoke("run", *CONVERT, "--json")
    error = json.loads(shown.stdout)["error"]
    assert shown.exit_code == 2
    assert "int8.tflite, which is set for a later stage, contradict" in error["message"]
    assert str(files / "tinyssl.toml") in error["hint"]


@pytest.mark.parametrize(
    "boards", [("--board", "mps2_an386"), ("--boards", "mps2_an386,mps2_an500")]
)
def test_a_model_that_fits_no_board_is_told_before_it_is_verified(
    invoke: Invoke, files: Path, boards: tuple[str, str]
) -> None:
    (files / "tinyssl.toml").write_text("[build]\nram_budget = 8200\n")
    shown = invoke("run", "--model", "int8.tflite", *boards, "--json")
    content = json.loads(shown.stdout)
    errors = [row["error"] for row in content["boards"]] if "boards" in content else []
    errors = errors or [content["error"]]
    assert shown.exit_code == 3
    for error, board in zip(errors, boards[1].split(","), strict=True):
        assert error["kind"] == "BudgetExceeded"
        assert f"budget of {board} 8,200, " in error["message"]
    assert not (files / "runs").exists()
