"""A training whose embeddings are all alike: it stops, says why, and keeps what there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.errors import EXIT_GATE, Collapsed
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.methods.monitor import CollapseMonitor
from tinyssl.stages.pretrain import pretrain

PATIENCE = CollapseMonitor().patience
CONFIG = PretrainConfig(
    backbone="mobilenet_v2_tiny",
    epochs=7,
    batch_size=16,
    warmup_epochs=1,
    device="cpu",
    checkpoint_seconds=0,
)
"""21 steps, all of them logged"""


class Killed(BaseException):
    """Stands for SIGKILL."""


class Notes(Silent):
    """Keeps what is said; raises after some steps."""

    def __init__(self, steps: int = -1) -> None:
        self.left = steps
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Notes]:
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        if "loss" in fields:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture(scope="module")
def black(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    """Images that no augmentation can tell apart: whatever looks at them must collapse."""
    path = tmp_path_factory.mktemp("data") / "black.npz"
    np.savez(path, images=np.zeros((70, 16, 16, 3), np.uint8))
    return DataConfig(dataset="npz", data_path=path, image_size=16)


def test_stops_and_explains(black, tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(Collapsed, match="all embeddings are alike") as caught:
        pretrain(CONFIG, black, workspace, Silent())
    assert caught.value.exit_code == EXIT_GATE == 3
    assert "--no-stop-on-collapse" in caught.value.hint
    (run,) = workspace.all("pretrain")
    assert run.status == "failed"
    assert run.error == caught.value.message
    steps = [row for row in run.metrics() if row["event"] == "step"]
    assert len(steps) == PATIENCE
    assert max(row["spread"] for row in steps) < 0.01
    load_backbone(run.path("backbone"))  # it can be probed all the same


def test_counts_on_after_a_resume(black, tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(Killed):
        pretrain(CONFIG, black, workspace, Notes(11))
    (stopped,) = workspace.all("pretrain")
    with pytest.raises(Collapsed):
        pretrain(PretrainConfig(resume=stopped.folder), black, workspace, Silent())
    (run,) = workspace.all("pretrain")
    assert len([row for row in run.metrics() if row["event"] == "step"]) == PATIENCE


def test_warns_once_where_it_is_not_to_stop(black, tmp_path):
    notes = Notes()
    config = replace(CONFIG, stop_on_collapse=False)
    run = pretrain(config, black, Workspace(tmp_path), notes)
    assert run.status == "complete"
    assert len(run.metrics()) == 21 + 7
    assert len([note for note in notes.notes if "all embeddings are alike" in note]) == 1


def test_healthy_embeddings_do_not_stop(tmp_path):
    path = tmp_path / "noise.npz"
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images)
    data = DataConfig(dataset="npz", data_path=path, image_size=16)
    run = pretrain(CONFIG, data, Workspace(tmp_path), Silent())
    assert run.status == "complete"
    assert min(row["spread"] for row in run.metrics() if row["event"] == "step") > 0.05
