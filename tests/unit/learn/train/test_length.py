"""How much a run trains where nothing is said about it, and what is said where it is too little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.learn.train.launch import unfinished
from tinyssl.learn.train.length import is_short, plan_text, verdict
from tinyssl.learn.train.recorded import recorded_config
from tinyssl.learn.train.schedule import (
    IMAGES_SEEN,
    MOST_EPOCHS,
    LearningRate,
    Schedule,
    default_epochs,
)
from tinyssl.stages.pretrain import pretrain


class Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def schedule(images: int, epochs: int) -> Schedule:
    return Schedule(images, 32, epochs, 2, LearningRate(1e-3, 1e-6))


def test_few_images_are_seen_more_often() -> None:
    assert default_epochs(1294) == -(-IMAGES_SEEN // 1294)
    assert default_epochs(50_000) == default_epochs(10**6) == 20
    assert default_epochs(40) == MOST_EPOCHS


@pytest.mark.parametrize("images", [40, 300, 1294, 6000, 50_000])
def test_the_default_is_never_called_short(images):
    assert not is_short(schedule(images, default_epochs(images)))
    assert not verdict(schedule(images, default_epochs(images)), 10)


@pytest.mark.parametrize(("images", "epochs"), [(1294, 20), (40, 100), (45_000, 1)])
def test_short_trainings_say_so_with_numbers(images, epochs):
    short = schedule(images, epochs)
    text = plan_text(short, asked=True)
    assert text.startswith("warning: short training")
    for part in (f"{epochs} epochs", f"{images:,} images", f"--epochs {default_epochs(images)}"):
        assert part in text
        assert part in verdict(short, 60)
    longer = 60 * default_epochs(images) / epochs / 60
    assert f"about {longer:.0f} min here" in verdict(short, 60)


def test_the_default_says_how_to_change_it() -> None:
    planned = schedule(1294, default_epochs(1294))
    assert "--epochs" in plan_text(planned, asked=False)
    assert "--epochs" not in plan_text(planned, asked=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    np.savez(path, images=images)
    return DataConfig(dataset="npz", data_path=path, image_size=8)


def train(data: DataConfig, folder: Path, **options: object) -> tuple[RunRecord, list[str]]:
    heard = Heard()
    settings: dict[str, object] = {
        "backbone": "mobilenet_v2_tiny", "batch_size": 8, "device": "cpu", "knn_every": 0
    }  # fmt: skip
    config = PretrainConfig(**(settings | options))  # type: ignore[arg-type]
    return pretrain(config, data, Workspace(folder), heard), heard.notes


def test_the_record_holds_the_number_that_was_chosen(data, tmp_path):
    run, notes = train(data, tmp_path, method="random")
    assert run.config["epochs"] == MOST_EPOCHS
    assert recorded_config(run).epochs == MOST_EPOCHS
    assert not notes  # random weights are not trained


def test_given_epochs_are_respected_and_the_run_says_they_are_few(data, tmp_path):
    run, notes = train(data, tmp_path, epochs=2)
    assert run.config["epochs"] == 2
    assert run.results["verdict"].startswith("short training: 2 epochs over ")
    assert any(note.startswith("warning: short training, 2 epochs") for note in notes)


def test_a_restarted_launch_finds_its_run_though_epochs_were_left_open(data, tmp_path, monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "TORCHELASTIC_RUN_ID": "job-7"}.items():
        monkeypatch.setenv(name, value)
    config = PretrainConfig(backbone="mobilenet_v2_tiny", batch_size=8)
    workspace = Workspace(tmp_path)
    from tinyssl.data import data_config_json
    from tinyssl.learn.train.recorded import pretrain_json

    resolved = pretrain_json(PretrainConfig(backbone="mobilenet_v2_tiny", batch_size=8, epochs=9))
    content = resolved | {"data": data_config_json(data), "launch": "job-7"}
    with pytest.raises(KeyboardInterrupt), workspace.start("pretrain", content, seed=0):
        raise KeyboardInterrupt
    found = unfinished(workspace, config, data)
    assert found is not None
    other = PretrainConfig(backbone="mobilenet_v2_tiny", batch_size=8, epochs=10)
    assert unfinished(workspace, other, data) is None
