"""`build --train`, `flash`, `learn`: an emulated board learns what this computer learns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tinyssl.core.config import BuildConfig, FlashConfig, LearnConfig
from tinyssl.core.errors import BudgetExceeded, DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.monitor.lesson import LessonFigures
from tinyssl.project import stop_emulators
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.stages.learn import learn

pytestmark = pytest.mark.emulator

IMAGES = 80
BOARD = "mps2_an385"
Samples = tuple[NDArray[np.uint8], NDArray[np.int64]]


def colours(workspace: Workspace, tflite: Path) -> Samples:
    """Writes a convert run whose three classes are three colours; its images and labels."""
    source = np.random.default_rng(3)
    labels = source.integers(0, 3, IMAGES)
    images = source.integers(0, 120, (IMAGES, 8, 8, 3))
    images[np.arange(IMAGES), :, :, labels] += 120
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tflite.read_bytes())
        np.savez(
            run.file("test", "test.npz"),
            images=images.astype(np.uint8),
            labels=labels,
            class_names=("red", "green", "blue"),
        )
    return images.astype(np.uint8), labels


@pytest.fixture
def workspace(tiny_tflite: Path, tmp_path: Path) -> Iterator[Workspace]:
    """With a convert run whose three classes are three colours."""
    found = Workspace(tmp_path)
    colours(found, tiny_tflite)
    yield found
    stop_emulators(found)


def test_a_head_learns_on_an_emulated_board(workspace: Workspace) -> None:
    config = BuildConfig(board=BOARD, train="head", validation=10, validation_every=10)
    info = build(config, workspace)
    assert info.training["what"] == "head"
    assert 0 < info.training["learning_rate"] < 1
    flash(FlashConfig(), workspace)
    found = learn(LearnConfig(passes=6), workspace).results
    assert found["equal"] == 1
    assert (found["samples"], found["held_out"], found["refused"]) == (56, 24, 0)
    assert found["accuracy_after"] >= 0.8 > found["accuracy_before"]
    assert found["loss_last"] < found["loss_first"]
    assert info.learning["step_instructions"] == pytest.approx(
        found["training_step"]["median"], rel=0.5
    )
    assert 5_000 < info.learning["flash_code"] < info.sizes["text"] + info.sizes["rodata"]
    assert 4 * found["parameters"] <= info.learning["flash_first_values"] < 2_000
    counted = found["statistics"]
    assert (counted["samples"], counted["steps"], counted["rejected"]) == (6 * 56, 6 * 56, 0)
    assert counted["accuracy"] == pytest.approx(found["accuracy_online"])
    assert counted["validation"]["samples"] == found["kept"] == 10
    assert counted["validation"]["checks"] == 1 + 6 * 56 // 10
    assert counted["drift"]["found"] == 0
    assert found["bytes_sent"] > 6 * 56 * 192
    # A new run begins with the build's parameters, or goes on.
    again = learn(LearnConfig(passes=1, save=True), workspace).results
    assert again["accuracy_before"] == found["accuracy_before"]
    assert again["store"]["length"] == 4 * (again["parameters"] + 1)
    more = learn(LearnConfig(passes=1, reset=False, schedule="cosine"), workspace).results
    assert more["equal"] == 1
    assert more["accuracy_before"] == again["accuracy_after"]


def test_int8_layers_learn_on_an_emulated_board(workspace: Workspace) -> None:
    info = build(BuildConfig(board=BOARD, train="last:2", train_weights="int8"), workspace)
    assert info.training["weights"] == "int8"
    flash(FlashConfig(), workspace)
    found = learn(LearnConfig(passes=6, save=True), workspace).results
    assert found["equal"] == 1
    assert found["accuracy_after"] >= 0.9 > found["accuracy_before"]
    weights = found["parameters"] - 1
    assert weights < found["store"]["length"] < 2 * weights


@pytest.mark.nightly
def test_a_head_with_room_learns_a_new_class(workspace: Workspace, tmp_path: Path) -> None:
    build(BuildConfig(board=BOARD, train="head:4"), workspace)
    flash(FlashConfig(), workspace)
    source = np.random.default_rng(5)
    labels = np.tile(np.arange(4), 15)
    inputs = source.integers(-128, -8, (60, 8, 8, 3))
    for at, label in enumerate(labels):
        inputs[at, :, :, [label] if label < 3 else [0, 1, 2]] += 120
    names = np.array(["red", "green", "blue", "white"])
    np.savez(tmp_path / "x.npz", inputs=inputs.astype(np.int8), labels=labels, class_names=names)
    record = learn(LearnConfig(data=tmp_path / "x.npz", passes=6), workspace)
    assert record.results["classes"]["white"]["before"] < 0.5
    assert record.results["classes"]["white"]["after"] >= 0.75
    assert record.results["equal"] == 1


def test_a_few_pictures_of_your_own_classes_are_enough(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The model knows red, green and blue; a folder has two others."""
    source = np.random.default_rng(6)
    for name, channels in (("cyan", [1, 2]), ("yellow", [0, 1])):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(8):
            picture = source.integers(0, 120, (8, 8, 3)).astype(np.uint8)
            picture[..., channels] += 120
            Image.fromarray(picture).save(tmp_path / "own" / name / f"{number}.png")
    build(BuildConfig(board=BOARD, train="head:own:2"), workspace)
    flash(FlashConfig(), workspace)
    config = LearnConfig(data=tmp_path / "own", pixels="codes", shots=3, passes=40)
    found = learn(config, workspace).results
    assert (found["samples"], found["held_out"], found["refused"]) == (6, 10, 0)
    assert [*found["classes"]] == ["cyan", "yellow"]
    assert found["accuracy_after"] >= 0.8 > found["accuracy_before"]
    assert found["equal"] == 1
    judged = replace(config, test_data=tmp_path / "own", shots=1, passes=1)
    found = learn(judged, workspace).results
    assert (found["samples"], found["held_out"]) == (2, 16)


def test_an_autoencoder_learns_from_readings(tmp_path: Path) -> None:
    """Of a CSV file without answers, in its order; another file judges, and has anomalies."""
    workspace, random = Workspace(tmp_path), np.random.default_rng(4)
    stack = LayerStack((1, 4))
    stack.dense(2)
    stack.dense(4)
    model = tmp_path / "pairs.tflite"
    model.write_bytes(write_model(stack.model()))
    pairs = np.repeat(random.normal(size=(60, 2)), 2, axis=1)
    np.savetxt(tmp_path / "good.csv", pairs, delimiter=",", header="a,b,c,d", comments="")
    judging = np.concatenate([pairs[:20] + 0.1, random.normal(size=(20, 4))])
    kinds = np.repeat([0, 1], 20)
    np.savez(tmp_path / "both.npz", rows=judging, labels=kinds, class_names=["normal", "odd"])
    build(BuildConfig(board=BOARD, model=model, train="all", autoencoder=True), workspace)
    flash(FlashConfig(), workspace)
    data, test = tmp_path / "good.csv", tmp_path / "both.npz"
    try:
        record = learn(LearnConfig(data=data, test_data=test, order="given", passes=3), workspace)
        with pytest.raises(UsageError, match="--test-data judges what --data taught"):
            learn(LearnConfig(test_data=test), workspace)
    finally:
        stop_emulators(workspace)
    found = record.results
    assert (found["samples"], found["held_out"], found["equal"]) == (60, 40, 1)
    assert found["mse_after"] < 0.3 * found["mse_before"]
    assert found["auc_after"] > max(0.9, found["auc_before"])
    steps = [each["sample"] for each in record.metrics() if each["event"] == "step"]
    assert steps == [*range(60)] * 3


def save_colour(folder: Path, channels: list[int], count: int = 6) -> Path:
    """Pictures in which these channels are bright; all files lie in the folder itself."""
    source = np.random.default_rng(7)
    folder.mkdir()
    for number in range(count):
        pixels = source.integers(0, 120, (8, 8, 3))
        pixels[:, :, channels] += 120
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def test_new_classes_get_names_one_after_the_other(workspace: Workspace, tmp_path: Path) -> None:
    """As a user teaches them: a folder today, another one tomorrow; then there is no place left."""
    build(BuildConfig(board=BOARD, train="head:new:2"), workspace)
    flash(FlashConfig(), workspace)

    def teach(data: Path, reset: bool | None = None) -> dict[str, Any]:
        config = LearnConfig(data=data, reset=reset, pixels="codes", passes=4, learning_rate=0.5)
        return learn(config, workspace).results

    white = save_colour(tmp_path / "white", [0, 1, 2])
    first = teach(white)
    assert first["class_names"] == ["red", "green", "blue", "white"]
    assert (first["samples"], first["replayed"], first["held_out"]) == (4, 12, 2 + 24)
    assert (first["classes"]["white"]["before"], first["classes"]["white"]["after"]) == (0.0, 1.0)
    dark = save_colour(tmp_path / "dark", [])
    second = teach(dark)
    assert second["class_names"] == [*first["class_names"], "dark"]
    assert second["accuracy_before"] < second["accuracy_after"]
    with pytest.raises(DataError, match="room for 5 classes; with the folders there are 6"):
        teach(save_colour(tmp_path / "teal", [1, 2]))
    again = teach(dark)  # and nothing was changed
    assert (again["accuracy_before"], again["equal"]) == (second["accuracy_after"], 1)
    afresh = teach(dark, reset=True)
    assert afresh["class_names"] == ["red", "green", "blue", "dark"]


def test_what_cannot_be_built_or_taught_is_told(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no weight or bias has this name"):
        build(BuildConfig(board=BOARD, train="heads"), workspace)
    with pytest.raises(UsageError, match=r"the model has \d layers"):
        build(BuildConfig(board=BOARD, train="last:99"), workspace)
    with pytest.raises(UsageError, match="3 classes already"):
        build(BuildConfig(board=BOARD, train="head:2"), workspace)
    with pytest.raises(BudgetExceeded):
        build(BuildConfig(board=BOARD, train="head", ram_budget=300), workspace)
    build(BuildConfig(board=BOARD), workspace)
    assert BuildInfo.load(workspace.builds / BOARD).training == {}
    flash(FlashConfig(), workspace)
    with pytest.raises(UsageError, match="does not learn"):
        learn(LearnConfig(), workspace)


class _Interrupting(Silent):
    """Presses Ctrl-C after some steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Any]:
        self.counts = title == "learning"
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        self.left -= count if self.counts else 0
        if self.left < 0:
            raise KeyboardInterrupt


def test_an_interrupted_lesson_goes_on_to_the_same_bits(workspace: Workspace) -> None:
    """On this computer's port: the firmware is the boards'."""
    build(BuildConfig(board="host", train="head", check=False), workspace)
    flash(FlashConfig(board="host"), workspace)
    config = LearnConfig(board="host", passes=2, schedule="linear")
    seen = LessonFigures()
    whole = learn(config, workspace, watch=seen.add)
    assert seen.judged["before"]["accuracy"] == whole.results["accuracy_before"]
    assert seen.judged["after"]["accuracy"] == whole.results["accuracy_after"]
    assert seen.judged["after"]["forgotten"] == whole.results["forgotten"]
    assert seen.last["step"] == seen.begun["steps"] == len(seen.curves["right"])
    assert seen.last["sent"] <= whole.results["bytes_sent"]
    with pytest.raises(KeyboardInterrupt, match="go on with: tinyssl learn --resume learn-"):
        learn(config, workspace, _Interrupting(50))
    broken = workspace.all("learn")[-1]
    assert broken.status == "interrupted"
    learn(LearnConfig(board="host"), workspace)  # the device has learnt something else meanwhile
    with pytest.raises(UsageError, match="has passes 2, not 3"):
        learn(LearnConfig(board="host", passes=3, resume=broken.folder), workspace)
    again = learn(LearnConfig(resume=broken.folder), workspace)
    assert again.folder == broken.folder
    assert again.status == "complete"
    assert again.results["equal"] == 1
    for name in ("accuracy_before", "accuracy_after", "loss_first", "loss_last", "classes"):
        assert again.results[name] == whole.results[name], name
    # Both parts count: parameters are sent once more, and samples that the device keeps.
    assert again.results["bytes_sent"] > whole.results["bytes_sent"]
    steps = [row["sample"] for row in again.metrics() if row["event"] == "step"]
    assert steps == [row["sample"] for row in whole.metrics() if row["event"] == "step"]
    with np.load(whole.path("parameters")) as one, np.load(again.path("parameters")) as other:
        assert all(one[name].tobytes() == other[name].tobytes() for name in one.files)
    assert not (again.folder / "checkpoint.npz").exists()
    assert learn(LearnConfig(resume=broken.folder), workspace).folder == broken.folder
    (other_kind,) = workspace.all("convert")
    with pytest.raises(UsageError, match="is a convert run"):
        learn(LearnConfig(resume=other_kind.folder), workspace)
