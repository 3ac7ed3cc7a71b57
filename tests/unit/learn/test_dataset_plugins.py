"""Data sets from files, through the real stages."""

from pathlib import Path

import pytest

from tinyssl.core.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data import load_dataset
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe

DATASET = """
import numpy as np
from tinyssl.data import Source

def stripes(config, progress):
    side = config.image_size
    labels = np.arange(60) % 2
    samples = np.zeros((60, side, side, 3), np.uint8)
    samples[labels == 1, ::2] = 255
    return Source(samples, labels.astype(np.int64), ("plain", "striped"))

def broken(config, progress):
    return progress.nothing

def wrong():
    return 3
"""


def test_a_data_set_of_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "mine.py"
    path.write_text(DATASET)
    dataset = load_dataset(DataConfig(dataset=f"{path}:stripes", image_size=8))
    assert dataset.class_names == ("plain", "striped")
    assert dataset.samples.shape == (60, 8, 8, 3)
    data = DataConfig(dataset=f"{path}:stripes", image_size=8)
    config = PretrainConfig(
        method="supervised",
        backbone="mobilenet_v2_tiny",
        epochs=1,
        batch_size=16,
        knn_every=0,
        device="cpu",
        stop_on_collapse=False,
    )
    run = pretrain(config, data, Workspace(tmp_path), Silent())
    found = probe(
        ProbeConfig(epochs=1, seeds=1, baseline=False), None, Workspace(tmp_path), Silent()
    )
    assert found.data["fingerprint"] == run.data["fingerprint"] == dataset.fingerprint
    with pytest.raises(UsageError, match=r"mine\.py:broken failed: line 13: AttributeError"):
        load_dataset(DataConfig(dataset=f"{path}:broken"))
    with pytest.raises(UsageError, match=r"it does not take \(config, progress\)"):
        load_dataset(DataConfig(dataset=f"{path}:wrong"))
    with pytest.raises(UsageError, match="no data set 'imagenet'"):
        load_dataset(DataConfig(dataset="imagenet"))
