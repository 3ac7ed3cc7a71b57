"""TensorBoard files as TensorBoard reads them, the recorded plan, the smoothed rate."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import ToolMissing
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data.augment import ViewGroup, ViewOptions, ViewSpec
from tinyssl.learn.train import metrics
from tinyssl.stages.pretrain import pretrain

pytest.importorskip("tensorboard", reason="pip install 'tinyssl[tensorboard]'")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

CONFIG = PretrainConfig(
    backbone="mobilenet_v2_tiny",
    epochs=3,
    batch_size=16,
    warmup_epochs=1,
    device="cpu",
    tensorboard=True,
)
STEPS = 9


class Killed(BaseException):
    """Stands for SIGKILL."""


class KillAfter(Silent):
    """Ends the process, as far as it can be seen from inside, after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[KillAfter]:
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        self.left -= count
        if self.left <= 0:
            raise Killed


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("data") / "images.npz"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=rng.integers(0, 2, 70))
    return DataConfig(dataset="npz", data_path=path, image_size=16)


def read(folder: Path, tag: str) -> list[tuple[int, float]]:
    """(step, value) of a scalar as TensorBoard shows it."""
    accumulator = EventAccumulator(str(folder / metrics.TENSORBOARD_FOLDER))
    accumulator.Reload()
    return [(event.step, event.value) for event in accumulator.Scalars(tag)]


def test_a_killed_and_resumed_run_has_every_step_once(data: DataConfig, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(Killed):
        pretrain(CONFIG, data, workspace, KillAfter(5))  # two steps after the checkpoint of step 3
    folder = workspace.all("pretrain")[-1].folder
    assert [step for step, _ in read(folder, "step/loss")] == [1, 2, 3, 4, 5]
    run = pretrain(PretrainConfig(resume=folder), data, workspace, Silent())
    rows = [row for row in run.metrics() if row["event"] == "step"]
    for name in ("loss", "lr", "spread", "gradient_norm"):
        found = read(folder, f"step/{name}")
        assert [step for step, _ in found] == list(range(1, STEPS + 1))
        assert [value for _, value in found] == pytest.approx([row[name] for row in rows])
    epochs = [row for row in run.metrics() if row["event"] == "epoch"]
    knn = read(folder, "epoch/knn")
    assert [step for step, _ in knn] == [3, 6, 9]
    assert [value for _, value in knn] == pytest.approx([row["knn"] for row in epochs])
    assert run.path("tensorboard").is_dir()


def test_without_the_package_the_run_says_how_to_install_it(
    data: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # importing it raises ImportError
    with pytest.raises(ToolMissing, match="tensorboard") as caught:
        pretrain(CONFIG, data, Workspace(tmp_path), Silent())
    assert "tinyssl[tensorboard]" in caught.value.hint
    assert Workspace(tmp_path).all() == []


def test_the_record_holds_the_plan(data: DataConfig, tmp_path: Path) -> None:
    config = PretrainConfig(
        method="simclr",
        backbone="mobilenet_v2_tiny",
        epochs=1,
        batch_size=16,
        warmup_epochs=0,
        device="cpu",
    )
    run = pretrain(config, data, Workspace(tmp_path), Silent())
    assert run.config["steps"] == 3
    (stage,) = run.config["stages"]
    assert stage["start"] == 0
    assert stage["views"].startswith("2 views, crops 0.20-1.00, jitter 0.8, grey 0.2")
    assert all("stage" not in row for row in run.metrics())  # no curriculum
    assert not (run.folder / metrics.TENSORBOARD_FOLDER).exists()


def test_views_in_words() -> None:
    weak = ViewOptions(crop_min=0.6, jitter=0, grey=0, blur=0)
    assert metrics.describe(ViewSpec.of(1, weak)) == "1 view, crops 0.60-1.00"
    local = ViewGroup(4, ViewOptions(crop_min=0.05, crop_max=0.25, blur=0.5), size=16)
    spec = ViewSpec((ViewGroup(2, weak), local))
    assert metrics.describe(spec) == (
        "2 views, crops 0.60-1.00; 4 views, 16 px, crops 0.05-0.25, jitter 0.8, grey 0.2, blur 0.5"
    )


def test_rate_is_images_by_seconds_of_the_last_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rate = metrics.Rate()
    assert rate.mean == 0
    rate.add(100, 1.0)
    rate.add(100, 3.0)
    assert rate.mean == pytest.approx(50)  # not (100 + 33) / 2
    now[0] = metrics.WINDOW_SECONDS + 1
    rate.add(100, 0.5)
    assert rate.mean == pytest.approx(200)  # the old ones have left
    for _ in range(metrics.WINDOW_STEPS):
        rate.add(10, 1.0)
    assert rate.mean == pytest.approx(10)
