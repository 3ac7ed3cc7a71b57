"""`bench --data`: pictures become inputs as declared, never by a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.colours import SHADES, SIDE, SIGNED, UNIT, colours, save_pictures
from tinyssl.bench.judge import Judge
from tinyssl.bench.own_data import own_data
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import ValueInfo
from tinyssl.graph.model import DType, ValueKind
from tinyssl.learn.tasks import TASKS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pictures(tmp_path_factory.mktemp("pictures"))


def samples(config: BenchConfig, data: bytes):
    return own_data(config, read_model(data), Silent()).samples


@pytest.mark.parametrize(
    ("kind", "scale", "pixels", "red"),
    [
        ("uint8", UNIT, "codes", 240),
        ("uint8", UNIT, "0:1", 240),
        ("int8", UNIT, "codes", 240 - 128),
        ("int8", UNIT, "0:1", 240 - 128),
        ("int8", SIGNED, "-1:1", 240 - 128),
        ("float32", UNIT, "0:1", 240 / 255),
        ("float32", SIGNED, "-1:1", 240 / 127.5 - 1),
        ("float32", UNIT, "0:255", 240),
        ("float32", UNIT, "-2:2,0:1,0:1", 4 * 240 / 255 - 2),
    ],
)
def test_a_pixel_becomes_what_was_declared(folder, kind, scale, pixels, red):
    found = samples(BenchConfig(data=folder, pixels=pixels), colours(kind, scale))
    name = "pixels" if kind == "int8" else "camera"
    arrays = np.stack([feeds[name] for feeds in found.inputs])
    assert (arrays.shape, arrays.dtype) == ((8, 1, SIDE, SIDE, 3), kind)
    span = np.ptp(arrays[..., 0].astype(float)) / 220  # of a step; the noise makes 15 of them
    assert arrays[4:, ..., 0].mean() == pytest.approx(red, abs=4 * span + 0.02)


def test_what_is_not_declared_is_asked_for(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        samples(BenchConfig(data=folder), colours("float32", SIGNED))
    assert "float32 [1, 8, 8, 3]; its quantisation spans -0.9961 to 1.004" in caught.value.message
    assert "--pixels" in caught.value.hint


@pytest.mark.parametrize("pixels", ["0", "a:b", "1:1", "0:inf", "0:1,0:1"])
def test_a_scaling_that_is_none_is_refused(folder, pixels):
    with pytest.raises(UsageError, match="--pixels"):
        samples(BenchConfig(data=folder, pixels=pixels), colours())


def test_labels_follow_the_order_of_the_scores(folder: Path, tmp_path: Path) -> None:
    config = BenchConfig(data=folder, pixels="codes")
    plain = samples(config, colours()).split
    assert plain.class_names == ("blue", "red")
    assert plain.labels.tolist() == [0] * 4 + [1] * 4
    order = tmp_path / "labels.txt"
    order.write_text("red\nblue\n")
    turned = samples(replace(config, labels=order), colours()).split
    assert (turned.class_names, turned.labels.tolist()) == (("red", "blue"), [1] * 4 + [0] * 4)
    order.write_text("red\nblue\ngreen\n")
    with pytest.raises(DataError, match="3 lines; the model tells 2 classes apart"):
        samples(replace(config, labels=order), colours())
    order.write_text("red\ngreen\n")
    with pytest.raises(DataError, match="no line blue"):
        samples(replace(config, labels=order), colours())


def test_where_the_classes_are_known_a_folder_may_have_some_of_them(folder: Path) -> None:
    config, model = BenchConfig(data=folder, pixels="codes"), read_model(colours())
    found = own_data(config, model, Silent(), named=("red", "blue")).samples.split
    assert found is not None
    assert (found.class_names, found.labels.tolist()) == (("red", "blue"), [1] * 4 + [0] * 4)
    other = own_data(config, model, Silent(), named=("green", "blue")).samples.split
    assert other is not None  # the folders are others: their own order, as where nothing is known
    assert other.class_names == ("blue", "red")


def test_pictures_without_classes_have_no_answers(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "all")
    for name in SHADES:
        for number, path in enumerate((folder / name).iterdir()):
            path.rename(folder / f"{name}{number}.png")
        (folder / name).rmdir()
    found = samples(BenchConfig(data=folder, pixels="codes"), colours())
    assert (len(found.inputs), found.split) == (8, None)


def test_ready_inputs_go_in_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "in.npz"
    inputs = np.random.default_rng(0).random((5, SIDE, SIDE, 3)).astype(np.float32)
    np.savez(path, inputs=inputs, labels=np.array([0, 1, 1, 0, 1]), class_names=("a", "b"))
    found = samples(BenchConfig(data=path, images=3), colours("float32"))
    assert len(found.inputs) == 3
    for number, feeds in zip(found.numbers, found.inputs, strict=True):
        np.testing.assert_array_equal(feeds["camera"][0], inputs[number])
    with pytest.raises(DataError, match=r"float32 \[5, 8, 8, 3\]; the model takes uint8"):
        samples(BenchConfig(data=path), colours("uint8"))
    np.savez(path, data=inputs)
    with pytest.raises(DataError, match="holds data, but no `inputs`"):
        samples(BenchConfig(data=path), colours("float32"))


def test_one_probability_tells_two_classes_apart() -> None:
    value = ValueInfo(1, "p", ValueKind.OUTPUT, DType.FLOAT32, (1, 1))
    judge = Judge(TASKS["classification"], (value,), ("cat", "dog"))
    for probability, right in ((0.2, 0), (0.7, 1), (0.6, 0)):
        outputs = {"p": np.array([[probability]], np.float32)}
        judge.add(outputs, outputs, right)
    assert judge.results() == {"accuracy_device": 2 / 3, "accuracy_host": 2 / 3}
