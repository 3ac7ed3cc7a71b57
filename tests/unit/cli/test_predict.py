"""`tinyssl predict`: files in, the model's own answers out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyssl.core.records import Workspace
from tinyssl.data.spec import FeatureSpec, to_int8
from tinyssl.frontends.tflite import read_model
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.stages.predict import _probabilities
from tinyssl.verify import subject


@pytest.fixture
def trained(workspace: Path, tiny_tflite: Path) -> Path:
    """A convert run with a test split, as of a model that was trained here."""
    model = read_model(tiny_tflite.read_bytes())
    names = tuple(f"thing {number}" for number in range(model.output.elements))
    shape = model.input.shape[1:]
    with Workspace(workspace).start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        samples = np.zeros((2, *shape), np.uint8)
        labels = np.zeros(2, np.int64)
        spec = FeatureSpec.image(*shape)
        subject.TestSplit(samples, labels, names, spec).save(run.file("test", "test.npz"))
    return run.record.path("model")


def picture(path: Path, model: Path, seed: int) -> np.ndarray:
    shape = read_model(model.read_bytes()).input.shape[1:]
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape[:2], 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def test_the_answers_are_those_of_the_model(invoke, workspace, trained):
    pixels = picture(workspace / "one.png", trained, 1)
    shown = json.loads(invoke("predict", "one.png", "--json").stdout)
    (found,) = shown["predictions"]
    interpreter = LitertInterpreter(trained.read_bytes(), Kernels.REFERENCE)
    expected = interpreter.invoke(to_int8(pixels[None])).ravel()
    best = int(expected.argmax())
    assert found["answer"] == f"thing {best}"
    assert list(found["scores"]) == sorted(found["scores"], key=lambda n: -found["scores"][n])
    assert sum(found["scores"].values()) == pytest.approx(1)
    assert len(found["scores"]) == expected.size


def test_a_folder_is_all_files_in_it(invoke, workspace, trained):
    for number in range(3):
        picture(workspace / "many" / f"{number}.png", trained, number)
    shown = invoke("predict", "many", "--top", "2")
    assert shown.exit_code == 0
    assert [f"{number}.png" in shown.stdout for number in range(3)] == [True] * 3
    assert "thing" in shown.stdout
    assert "%" in shown.stdout


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "no file named"),
        (["gone.png"], 2, "gone.png: no such file"),
        (["notes.txt"], 1, "notes.txt is neither a picture nor a WAV file"),
        (["one.png", "one.wav"], 2, "1 WAV files and 1 pictures"),
        (["one.png", "--top", "0"], 2, "--top 0: show at least 1"),
        (["broken.png"], 1, "broken.png"),
    ],
)
def test_what_cannot_be_answered_is_named(invoke, workspace, trained, args, code, message):
    picture(workspace / "one.png", trained, 0)
    for name in ("notes.txt", "one.wav", "broken.png"):
        (workspace / name).write_text("hello")
    shown = invoke("predict", *args, "--json")
    assert shown.exit_code == code
    assert message in json.loads(shown.stdout)["error"]["message"]


def test_a_model_from_elsewhere_asks_what_a_pixel_is(invoke, workspace, tiny_tflite):
    picture(workspace / "one.png", tiny_tflite, 0)
    shown = invoke("predict", "one.png", "--model", str(tiny_tflite), "--json")
    assert shown.exit_code == 2
    assert "how were pixels scaled" in json.loads(shown.stdout)["error"]["message"]
    shown = invoke("predict", "one.png", "--model", str(tiny_tflite), "--pixels", "0:1", "--json")
    (found,) = json.loads(shown.stdout)["predictions"]
    assert found["answer"].startswith("class ")


def test_scores_become_probabilities_once():
    shares = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert _probabilities(shares) == pytest.approx(shares)
    logits = _probabilities(np.array([[0.0, np.log(3)], [-2.0, -2.0]]))
    assert logits == pytest.approx(shares)
    assert _probabilities(np.array([[0.75], [0.5]])) == pytest.approx(shares)
