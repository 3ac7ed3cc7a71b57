"""`pretrain --init`: a training starts from the weights of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.learn.train.test_pretrain import CONFIG, Killed, Stop, assert_equal, kill, resume
from tinyssl.core.config import DataConfig
from tinyssl.core.errors import TrainingError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace, sha256_of
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, load_backbone, save_backbone, untrained_backbone
from tinyssl.stages.pretrain import pretrain


def weights(path: Path, name: str = "mobilenet_v2_tiny", channels: int = 3) -> Path:
    """A file with the weights that seed 77 draws; stem stride and size are not those of CONFIG."""
    spec = FeatureSpec.image(32) if channels == 3 else FeatureSpec("image", (32, 32, channels))
    info = BackboneInfo(name, 1, spec)
    save_backbone(path, untrained_backbone(info, 77), info)
    return path


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    return DataConfig(dataset="npz", data_path=tmp_path / "images.npz", image_size=16)


def test_training_starts_from_the_file(data: DataConfig, tmp_path: Path) -> None:
    """At a rate of nearly nothing the weights stay where they start."""
    init = weights(tmp_path / "init.safetensors")
    still = replace(CONFIG, epochs=1, lr=1e-9, lr_end=1e-9, weight_decay=0, init=init)
    run = pretrain(still, data, Workspace(tmp_path / "work"), Silent())
    trained, info = load_backbone(run.path("backbone"))
    start = load_backbone(init)[0]
    drawn = untrained_backbone(info, CONFIG.seed)
    for name, value in trained.named_parameters():
        torch.testing.assert_close(value, start.get_parameter(name), rtol=0, atol=1e-6)
    assert any(
        not torch.equal(value, start.get_parameter(name))
        for name, value in drawn.named_parameters()
    )
    assert (info.stem_stride, info.image_size) == (2, 16)
    assert run.config["init"] == str(init)
    assert run.inputs["init"]["sha256"] == sha256_of(init)


def test_a_resumed_run_does_not_need_the_file_any_more(data: DataConfig, tmp_path: Path) -> None:
    init = weights(tmp_path / "init.safetensors")
    config = replace(CONFIG, init=init)
    whole = pretrain(config, data, Workspace(tmp_path / "whole"), Silent())
    workspace = Workspace(tmp_path / "killed")
    with pytest.raises(Killed):
        pretrain(config, data, workspace, Stop(5, kill))
    init.unlink()
    assert_equal(resume(data, workspace.all("pretrain")[-1].folder), whole)


def test_files_that_do_not_fit_are_refused_before_the_run(data: DataConfig, tmp_path: Path) -> None:
    other = weights(tmp_path / "other.safetensors", "mobilenet_v2_025")
    workspace = Workspace(tmp_path / "work")
    with pytest.raises(UsageError, match="holds weights of mobilenet_v2_025") as refused:
        pretrain(replace(CONFIG, init=other), data, workspace, Silent())
    assert "--backbone mobilenet_v2_025" in refused.value.hint
    grey = weights(tmp_path / "grey.safetensors", channels=1)
    with pytest.raises(UsageError, match="do not fit these samples"):
        pretrain(replace(CONFIG, init=grey), data, workspace, Silent())
    with pytest.raises(TrainingError, match="not a readable safetensors file"):
        pretrain(replace(CONFIG, init=tmp_path / "none.safetensors"), data, workspace, Silent())
    assert workspace.all("pretrain") == []
