"""What is known of a model by the folder in which it lies."""

from pathlib import Path

import pytest

from tinyssl.core.records import Workspace
from tinyssl.verify.subject import declared_pixels, find_subject


@pytest.fixture
def model(tmp_path: Path, tiny_tflite: Path) -> Path:
    with Workspace(tmp_path).start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        run.results(pixels="-1:1")
    return run.record.path("model")


def test_pixels_are_declared_once(model, tmp_path, tiny_tflite):
    assert declared_pixels(model) == "-1:1"
    assert declared_pixels(tiny_tflite) is None
    other = model.with_name("other.tflite")
    other.write_bytes(model.read_bytes())
    assert declared_pixels(other) is None


def test_models_trained_here_take_numbers_from_zero_to_one(tmp_path, tiny_tflite):
    for config, pixels in (({"run": "runs/probe-1"}, "0:1"), ({"model": "other.keras"}, None)):
        with Workspace(tmp_path).start("convert", config) as run:
            run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        assert declared_pixels(run.record.path("model")) == pixels


def test_a_model_without_test_samples_has_no_source(model, tmp_path):
    assert find_subject(model, Workspace(tmp_path)).source is None
    assert find_subject(None, Workspace(tmp_path)).path == model
