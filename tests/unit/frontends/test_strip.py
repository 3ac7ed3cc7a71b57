"""Models without the conversions at their ends."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.colours import SIGNED, colours
from tests.networks import with_external_buffers
from tests.ops.flatfile import Flatfile
from tinyssl.core.config import BuildConfig, VerifyConfig
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file, read_model
from tinyssl.frontends.tflite.strip import strip_ends
from tinyssl.project.strip import strip_io
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.stages.build import build
from tinyssl.stages.verify import verify
from tinyssl.verify.stripped import check_stripped


def stripped(data: bytes):
    return strip_ends(data, read_model(data))


@pytest.mark.parametrize("kind", ["float32", "uint8"])
def test_the_ends_become_int8_and_the_bytes_stay(kind):
    data = colours(kind, SIGNED)
    found = stripped(data)
    model = read_model(found.data)
    assert [op.kind for op in model.ops] == ["AVERAGE_POOL_2D", "FULLY_CONNECTED"]
    ends = [(value.name, value.dtype.value) for value in (model.input, model.output)]
    assert ends == [("camera", "int8"), ("scores", "int8")]
    first, last = found.ends
    assert (first.kind, first.before, first.zero_point) == ("input", kind, -1)
    assert first.scale == pytest.approx(2 / 255)
    assert (last.kind, last.scale, last.zero_point) == ("output", pytest.approx(0.01), 7)
    assert "the output scores is int8 in place of" in str(last)
    check_stripped(data, found, make_inputs(read_model(data), 12, 0))


def test_constants_behind_the_file_come_along() -> None:
    data = with_external_buffers(colours("uint8"))
    found = stripped(data)
    check_stripped(data, found, make_inputs(read_model(data), 12, 0))


def test_other_weights_are_told() -> None:
    data = colours("uint8")
    found = stripped(data)
    changed = bytearray(found.data)
    changed[changed.index(np.array([-90, 0, 90], np.int8).tobytes())] ^= 4
    wrong = dataclasses.replace(found, data=bytes(changed))
    with pytest.raises(Mismatch, match="differs once the operators at the ends are gone"):
        check_stripped(data, wrong, make_inputs(read_model(data), 12, 0))


def test_int8_ends_have_nothing_to_take_off(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(colours())
    with pytest.raises(UsageError, match="no QUANTIZE or DEQUANTIZE"):
        strip_io(model, Workspace(tmp_path), Silent())


def test_what_something_else_reads_stays() -> None:
    file = Flatfile()
    start = file.activation((1, 4), 0.05, 128, "uint8", name="bytes")
    inside = file.activation((1, 4), 0.05, 0)
    file.operator("QUANTIZE", [start], [inside])
    real = file.activation((1, 4), dtype="float32", name="reals")
    file.operator("DEQUANTIZE", [start], [real])
    again = file.activation((1, 4), 0.1, 0)
    file.operator("QUANTIZE", [inside], [again])
    assert stripped(file.data(inputs=[start], outputs=[real, again])).ends == ()


def test_verify_and_build_take_the_stripped_model(tmp_path: Path) -> None:
    model, workspace = tmp_path / "model.tflite", Workspace(tmp_path / "workspace")
    model.write_bytes(colours("float32"))
    results = verify(VerifyConfig(model=model, images=12, strip_io=True), workspace).results
    assert (results["equal"], results["operators"]) == (12, 2)
    assert [end["operator"] for end in results["stripped"]] == ["#0 QUANTIZE", "#3 DEQUANTIZE"]
    info = build(BuildConfig(model=model, target="c", strip_io=True), workspace)
    built = read_model(read_file(Path(info.model_path)))
    assert built.input.dtype.value == built.output.dtype.value == "int8"
    folder = workspace.builds / "c"
    header = (folder / "model.h").read_text()
    assert "#define TINYSSL_MODEL_INPUT_ZERO_POINT (-128)" in header
    assert "#define TINYSSL_MODEL_OUTPUT_SCALE 0.01f" in header
    assert "real = 0.01f * (q - (7))" in (folder / "README.md").read_text()
    assert workspace.latest("build").results["stripped"][1]["name"] == "scores"
