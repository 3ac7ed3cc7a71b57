"""Sound to classes and rows to a number, through every stage up to the host's own C."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import (
    ConvertConfig,
    DataConfig,
    PretrainConfig,
    ProbeConfig,
    VerifyConfig,
)
from tinyssl.core.errors import AccuracyDrop, DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.tasks import TASKS
from tinyssl.stages.convert import convert
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe
from tinyssl.stages.verify import verify
from tinyssl.verify.subject import load_split

QUICK: dict[str, Any] = {
    "device": "cpu",
    "knn_every": 0,
    "batch_size": 16,
    "lr": 3e-3,
    "warmup_epochs": 0,
}


def bumps(path: Path) -> DataConfig:
    """Features of sound with a bump whose place in time and channel is the class."""
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 4
    features = rng.integers(-128, -60, (160, 49, 10))
    for clip, label in zip(features, labels, strict=True):
        top, left = 5 + 25 * (label // 2), 1 + 5 * (label % 2)
        clip[top : top + 12, left : left + 3] += 120
    np.savez(path, features=features.astype(np.int8), label=labels, class_names=list("abcd"))
    return DataConfig(dataset="kws", data_path=path)


def plane(path: Path) -> DataConfig:
    """A number that depends on three of four columns, of very different sizes."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 4)) * (1, 100, 0.01, 5) + (0, 50, 0, -3)
    numbers = 3 * rows[:, 0] + rows[:, 1] / 50 - 100 * rows[:, 2] + 20
    lines = [
        "a,b,c,d,y",
        *(",".join(map(str, (*row, y))) for row, y in zip(rows, numbers, strict=True)),
    ]
    path.write_text("\n".join(lines))
    return DataConfig(dataset="table", data_path=path, target="y")


def to_probe(workspace: Workspace, data: DataConfig, backbone: str, **changes: object) -> RunRecord:
    settings: dict[str, Any] = QUICK | {"method": "supervised", "backbone": backbone} | changes
    pretrain(PretrainConfig(**settings), data, workspace, Silent())
    return probe(ProbeConfig(seeds=1), None, workspace, Silent())


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("heard")
    workspace = Workspace(folder)
    to_probe(workspace, bumps(folder / "kws.npz"), "ds_cnn_tiny", epochs=12)
    convert(ConvertConfig(max_drop=10), workspace, Silent())
    return workspace


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("fitted")
    workspace = Workspace(folder)
    to_probe(workspace, plane(folder / "a.csv"), "mlp", epochs=40)
    convert(ConvertConfig(max_drop=25), workspace, Silent())
    return workspace


def test_sound_is_classified(heard: Workspace) -> None:
    found, results = heard.latest("probe"), heard.latest("convert").results
    assert found.results["accuracy"] > 0.7  # chance: 0.25
    assert found.results["accuracy_raw"] > 0.5
    assert results["accuracy_int8"] > 0.65
    assert results["task"] == "classification"
    assert found.data["features"]["kind"] == "audio"
    _, info = load_backbone(found.path("backbone"))
    assert info.spec.shape == (49, 10, 1)
    views = json.loads(json.dumps(heard.latest("pretrain").config["views"]))
    assert views["time_mask"] == 0.2


def test_the_stored_test_split_has_the_samples_as_they_are(heard: Workspace) -> None:
    split = load_split(heard.latest("convert"))
    assert (split.samples.dtype, split.samples.shape) == (np.dtype(np.int8), (32, 49, 10, 1))
    assert split.spec.kind == "audio"
    part = split.take(np.array([3, 1]))
    np.testing.assert_array_equal(part.answers, split.labels[[3, 1]])


def test_numbers_are_predicted(fitted: Workspace) -> None:
    found, converted = fitted.latest("probe").results, fitted.latest("convert").results
    assert found["r2"] > 0.9
    assert found["mae"] < found["mae_mean"] / 2
    assert "confusion" not in fitted.latest("probe").files
    assert converted["r2_int8"] > 0.85
    assert converted["mae_float"] == pytest.approx(found["mae"], rel=0.02)
    split = load_split(fitted.latest("convert"))
    assert split.task is TASKS["regression"]
    assert split.target_names == ("y",)
    assert split.answers.shape == (80, 1)


@pytest.mark.parametrize("name", ["heard", "fitted"])
def test_our_c_gives_tflms_bytes(name: str, request: pytest.FixtureRequest) -> None:
    workspace = request.getfixturevalue(name)
    record = verify(VerifyConfig(images=24, max_drop=30), workspace)
    assert record.results["equal"] == 24
    assert record.results["accuracy_images"] in (32, 80)


def test_the_gate_of_numbers(fitted: Workspace) -> None:
    with pytest.raises(AccuracyDrop, match="percent of the targets' standard deviation"):
        convert(ConvertConfig(max_drop=0), fitted, Silent())


def test_without_labels_by_the_views_of_sound(heard: Workspace, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    data = bumps(tmp_path / "kws.npz")
    settings = QUICK | {"method": "simclr", "backbone": "ds_cnn_tiny", "epochs": 1}
    options = {"method_options": {"shift": "0.3", "temperature": "0.2"}}
    record = pretrain(PretrainConfig(**settings | options), data, workspace, Silent())
    assert record.config["views"]["shift"] == 0.3
    assert record.config["method_config"]["temperature"] == 0.2
    bad = settings | {"method_options": {"crop_min": "0.3"}}
    with pytest.raises(UsageError, match="crop_min"):
        pretrain(PretrainConfig(**bad), data, workspace, Silent())
    seed = settings | {"method": "seed", "teacher": "efficientnet_lite0"}
    with pytest.raises(UsageError, match="learns from a teacher of images"):
        pretrain(PretrainConfig(**seed), data, workspace, Silent())


def test_a_table_without_a_target_has_nothing_to_probe(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    data = plane(tmp_path / "a.csv")
    data = DataConfig(dataset="table", data_path=data.data_path)
    settings = QUICK | {"method": "simclr", "backbone": "mlp", "epochs": 1}
    pretrain(PretrainConfig(**settings), data, workspace, Silent())
    with pytest.raises(DataError, match="has no labels") as raised:
        probe(ProbeConfig(), None, workspace, Silent())
    assert raised.value.hint == "name the column to predict: --target COLUMN"


def test_splits_of_older_versions_are_read(heard: Workspace, tmp_path: Path) -> None:
    """They held `images` and no description."""
    workspace = Workspace(tmp_path)
    images = np.zeros((3, 8, 8, 3), np.uint8)
    with workspace.start("convert", {}) as run:
        path = run.file("test", "test.npz")
        np.savez(path, images=images, labels=np.array([0, 1, 0]), class_names=["a", "b"])
    split = load_split(workspace.latest("convert"))
    assert split.spec == FeatureSpec.image(8)
    assert split.task is TASKS["classification"]
    assert split.answers.tolist() == [0, 1, 0]
