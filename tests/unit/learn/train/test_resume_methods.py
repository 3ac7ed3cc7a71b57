"""Every method, killed and resumed, computes what it would have without: weights, queues, averages,
centres, curriculum and the teacher's crops. In memory, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace, sha256_of
from tinyssl.data.augment import Geometry, draw_crops
from tinyssl.learn.backbones import build_backbone, save_backbone
from tinyssl.learn.backbones.storage import load_info
from tinyssl.learn.methods import METHODS
from tinyssl.learn.teachers.cache import CachedTargets
from tinyssl.learn.train.checkpoint import load_checkpoint
from tinyssl.learn.train.target_source import CachedTargetSource
from tinyssl.stages.pretrain import pretrain

BATCH, EPOCHS = 8, 4
GEOMETRY = Geometry()
SHORT_QUEUES: dict[str, dict[str, float]] = {
    "seed": {"queue": 20},
    "moco_v2": {"queue": 20},
    "swav": {"queue": 20, "queue_from": 0.0},
}
"""Full before the kill, and no multiple of the batch"""

BACKBONES: dict[str, Any] = {"multi_pretext": {"backbone": "tinynext_half_32px", "stem_stride": 1}}
"""Where the small one has too few tokens"""


class Killed(BaseException):
    """Stands for SIGKILL."""


class KillAfter(Silent):
    """Raises when that many steps are done."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[KillAfter]:
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        if "loss" in fields:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (46, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(46) % 3)
    return DataConfig(dataset="npz", data_path=path, image_size=16)


@pytest.fixture(scope="module")
def teacher(data: DataConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone with random weights: small and quick, and read as any other checkpoint is."""
    config = PretrainConfig(method="random", backbone="mobilenet_v2_tiny", device="cpu", seed=5)
    run = pretrain(config, data, Workspace(tmp_path_factory.mktemp("teacher")), Silent())
    return run.path("backbone")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))


def config_of(method: str, teacher: Path | None = None, **changed: Any) -> PretrainConfig:
    return PretrainConfig(
        method=method,
        method_options=SHORT_QUEUES.get(method, {}),
        **BACKBONES.get(method, {"backbone": "mobilenet_v2_tiny"}),
        teacher=str(teacher) if teacher and METHODS[method].needs_teacher else None,
        teacher_crops=3,
        teacher_grid=2,
        epochs=EPOCHS,
        batch_size=BATCH,
        warmup_epochs=1,
        device="cpu",
        stop_on_collapse=False,
        checkpoint_seconds=0,
        knn_every=2,
        **changed,
    )


def figures(run: RunRecord) -> list[dict[str, object]]:
    clocks = ("seconds", "images_per_second")
    return [{k: v for k, v in row.items() if k not in clocks} for row in run.metrics()]


def assert_same_bits(run: RunRecord, other: RunRecord) -> None:
    first, second = (load_checkpoint(each.folder, Silent()) for each in (run, other))
    assert first is not None
    assert second is not None
    clock = first["counters"].pop("seconds"), second["counters"].pop("seconds")
    assert min(clock) > 0
    assert first["counters"] == second["counters"]
    assert first["method"].keys() == second["method"].keys()
    for name, value in first["method"].items():
        assert torch.equal(value, second["method"][name]), name
    for index, moments in first["optimizer"]["state"].items():
        for name, value in moments.items():
            assert torch.equal(value, second["optimizer"]["state"][index][name]), (index, name)
    assert figures(run) == figures(other)


TRAINED = [name for name, method in METHODS.items() if method.trains]


@pytest.mark.parametrize("name", TRAINED)
def test_killed_and_resumed_is_as_never_killed(name, data, teacher, tmp_path):
    straight = pretrain(config_of(name, teacher), data, Workspace(tmp_path / "straight"), Silent())
    broken = Workspace(tmp_path / "broken")
    steps = straight.metrics()[-1]["step"]
    with pytest.raises(Killed):
        pretrain(config_of(name, teacher), data, broken, KillAfter(steps // 2 + 1))
    (stopped,) = broken.all("pretrain")
    assert stopped.status == "failed"
    torch.manual_seed(99)  # whatever another process would have done
    resumed = pretrain(PretrainConfig(resume=stopped.folder), data, broken, Silent())
    assert resumed.status == "complete"
    assert_same_bits(resumed, straight)
    assert resumed.path("backbone").read_bytes() == straight.path("backbone").read_bytes()


def test_lars_goes_on_in_the_same_bits(data, tmp_path):
    config = config_of("simclr", optimizer="lars", lr=0.2)
    straight = pretrain(config, data, Workspace(tmp_path / "straight"), Silent())
    broken = Workspace(tmp_path / "broken")
    with pytest.raises(Killed):
        pretrain(config, data, broken, KillAfter(straight.metrics()[-1]["step"] // 2 + 1))
    (stopped,) = broken.all("pretrain")
    assert (stopped.config["lr"], stopped.config["lr_batch"]) == (0.2, 256)
    resumed = pretrain(PretrainConfig(resume=stopped.folder), data, broken, Silent())
    assert_same_bits(resumed, straight)


def test_accumulated_and_online(data, teacher, tmp_path):
    config = config_of("ca_dssl", teacher, accumulate=2, teacher_mode="online")
    straight = pretrain(config, data, Workspace(tmp_path / "straight"), Silent())
    broken = Workspace(tmp_path / "broken")
    with pytest.raises(Killed):
        pretrain(config, data, broken, KillAfter(5))
    (stopped,) = broken.all("pretrain")
    resumed = pretrain(PretrainConfig(resume=stopped.folder), data, broken, Silent())
    assert_same_bits(resumed, straight)


def test_the_bits_depend_on_more_than_the_figures(data, tmp_path):
    """The comparison above can fail: another seed gives other bits everywhere."""
    one = pretrain(config_of("moco_v2"), data, Workspace(tmp_path / "one"), Silent())
    other = pretrain(config_of("moco_v2", seed=1), data, Workspace(tmp_path / "two"), Silent())
    with pytest.raises(AssertionError):
        assert_same_bits(one, other)


def test_random_is_a_finished_run_without_steps(data, tmp_path):
    run = pretrain(config_of("random"), data, Workspace(tmp_path), Silent())
    assert run.status == "complete"
    assert run.metrics() == []
    assert run.config["parameters"] == {"backbone": 14024, "trained": 0}
    drawn = pretrain(config_of("random"), data, Workspace(tmp_path), Silent())
    assert drawn.path("backbone").read_bytes() == run.path("backbone").read_bytes()
    assert "checkpoint" not in run.files


def test_record_says_which_teacher(data, teacher, tmp_path):
    run = pretrain(config_of("seed", teacher), data, Workspace(tmp_path), Silent())
    facts = run.config["teacher"]
    assert facts["given"] == str(teacher)
    assert facts["supervised"] is False
    assert facts["sha256"] == sha256_of(teacher)
    assert set(facts) == {"name", "image_size", "sha256", "supervised", "source", "given"}
    assert run.config["parameters"]["backbone"] == 14024
    assert run.config["parameters"]["trained"] > 14024
    assert run.results["teacher_seconds"] > 0
    again = pretrain(config_of("seed", teacher, seed=1), data, Workspace(tmp_path), Silent())
    assert again.results["teacher_seconds"] == run.results["teacher_seconds"]
    assert again.results["teacher_wait_seconds"] < run.results["teacher_wait_seconds"]


def test_mistakes_are_found_before_the_run(data, tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(UsageError, match="seed learns from a teacher and none is given"):
        pretrain(config_of("seed"), data, workspace, Silent())
    path = tmp_path / "unlabelled.npz"
    np.savez(path, images=np.zeros((46, 16, 16, 3), np.uint8))
    with pytest.raises(DataError, match="supervised learns from labels, and npz has none"):
        pretrain(config_of("supervised"), replace(data, data_path=path), workspace, Silent())
    assert workspace.all() == []


def test_other_weights_of_the_teacher(data, teacher, tmp_path):
    workspace, own = Workspace(tmp_path), tmp_path / "teacher.safetensors"
    own.write_bytes(teacher.read_bytes())
    with pytest.raises(Killed):
        pretrain(config_of("seed", own), data, workspace, KillAfter(2))
    _, info = load_info(own)
    backbone = build_backbone(info.backbone, info.stem_stride)
    save_backbone(own, backbone, info)
    (stopped,) = workspace.all("pretrain")
    with pytest.raises(UsageError, match="the teacher is not that of"):
        pretrain(PretrainConfig(resume=stopped.folder), data, workspace, Silent())


@pytest.mark.parametrize(("crops", "epochs"), [(3, 6), (2, 5)])
def test_every_crop_is_used_as_often_as_the_others(crops, epochs):
    caches = {GEOMETRY: CachedTargets([draw_crops(1, GEOMETRY)] * crops, [], seconds=0.0)}
    for seed in range(4):
        source = CachedTargetSource(caches, seed)
        used = [source.copy(GEOMETRY, epoch) for epoch in range(epochs)]
        counts = [used.count(copy) for copy in range(crops)]
        assert max(counts) - min(counts) <= 1
        assert used[0] == seed % crops
