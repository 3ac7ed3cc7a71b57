"""kNN while training: right about what it can know, and without a trace in the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.kept import kept_backbones
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data import Dataset
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.backbones.storage import load_info
from tinyssl.learn.methods import Method, MethodContext, build_method, method_config
from tinyssl.learn.train.observer import Metrics, TrainingRun
from tinyssl.learn.train.online_knn import (
    BANK_SHARE,
    NEIGHBOURS,
    OnlineKnn,
    possible,
    spread_evenly,
)
from tinyssl.stages.pretrain import pretrain

CONFIG = PretrainConfig(
    backbone="mobilenet_v2_tiny", epochs=4, batch_size=16, warmup_epochs=1, device="cpu"
)


def dataset(labels: np.ndarray, brightness: np.ndarray) -> Dataset:
    """Noise images of 16 px whose mean is `brightness`; 160 to train, 40 to validate."""
    noise = np.random.default_rng(0).integers(-20, 21, (len(labels), 16, 16, 3))
    images = (brightness[:, None, None, None] + noise).astype(np.uint8)
    places = np.arange(len(labels))
    return Dataset(
        name="made",
        samples=images,
        labels=labels.astype(np.int64),
        class_names=("dark", "bright"),
        train=places[:160],
        val=places[160:200],
        test=places[200:],
        fingerprint="0" * 64,
        labelled=True,
        spec=FeatureSpec.image(16),
    )


def subject(data: Dataset, **changes: Any) -> TrainingRun:
    torch.manual_seed(0)
    config = replace(CONFIG, **changes)
    backbone = build_backbone(config.backbone)
    method = build_method("simclr", backbone, method_config("simclr", {}), MethodContext())
    with Workspace(Path(changes["resume"])).start("pretrain", {}) as run:
        return TrainingRun(run, data, replace(config, resume=None), method.train(), 40)


@pytest.fixture
def bright(tmp_path: Path) -> TrainingRun:
    """Classes that even a random network tells apart: dark and bright."""
    labels = np.random.default_rng(1).integers(0, 2, 210)
    return subject(dataset(labels, 60 + 120 * labels), resume=tmp_path)


def test_classes_that_look_different_are_told_apart(bright: TrainingRun) -> None:
    settle_batch_norms(bright.method)
    assert OnlineKnn(bright).accuracy() > 0.95


def test_labels_without_meaning_are_guessed(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = subject(dataset(rng.integers(0, 2, 210), np.full(210, 120)), resume=tmp_path)
    settle_batch_norms(noise.method)
    assert 0.2 < OnlineKnn(noise).accuracy() < 0.8  # 40 images: chance is 0.5 ± 0.08


def settle_batch_norms(method: Method) -> None:
    """Running statistics of a fresh network are those of no data."""
    with torch.no_grad():
        for _ in range(20):
            method.backbone(torch.rand(16, 3, 16, 16))


def test_looking_leaves_weights_buffers_and_mode_as_they_were(bright: TrainingRun) -> None:
    before = {name: value.clone() for name, value in bright.method.state_dict().items()}
    OnlineKnn(bright).accuracy()
    assert bright.method.backbone.training
    after = bright.method.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_every_so_many_epochs_and_at_the_end(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 2, 210)
    knn = OnlineKnn(subject(dataset(labels, 60 + 120 * labels), resume=tmp_path, knn_every=3))
    asked = []
    for epoch in range(1, 5):
        metrics: Metrics = {"epoch": epoch, "step": epoch * 10, "loss": 1.0}
        knn.on_epoch(metrics)
        asked.append("knn" in metrics)
    assert asked == [False, False, True, True]


def test_few_images_of_every_part(bright: TrainingRun) -> None:
    knn = OnlineKnn(bright)
    assert len(knn.bank) == 160 // BANK_SHARE
    assert set(knn.bank) <= set(bright.dataset.train)
    assert set(knn.queries) == set(bright.dataset.val)
    assert list(spread_evenly(np.arange(11), 3)) == [0, 5, 10]
    assert list(spread_evenly(np.arange(3), NEIGHBOURS)) == [0, 1, 2]


def test_without_labels_or_validation_images_there_is_no_knn(bright: TrainingRun) -> None:
    assert possible(bright)
    assert not possible(replace(bright, dataset=replace(bright.dataset, labelled=False)))
    none = np.zeros(0, np.int64)
    assert not possible(replace(bright, dataset=replace(bright.dataset, val=none)))


def test_a_watched_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=rng.integers(0, 2, 70))
    data = DataConfig(dataset="npz", data_path=path, image_size=16)
    runs = [
        pretrain(
            replace(CONFIG, epochs=2, knn_every=every, keep_every=every),
            data,
            Workspace(tmp_path),
            Silent(),
        )
        for every in (0, 1)
    ]
    weights = [run.path("backbone").read_bytes() for run in runs]
    assert weights[0] == weights[1]
    assert [sum("knn" in row for row in run.metrics()) for run in runs] == [0, 2]
    assert kept_backbones(runs[0].folder) == {}
    ((step, kept),) = kept_backbones(runs[1].folder).items()  # of epoch 1; the last is the result
    assert 2 * step == runs[1].results["steps"]
    assert load_info(kept)[1] == load_info(runs[1].path("backbone"))[1]
    assert kept.read_bytes() != weights[1]
