"""Training on images is what it always was: losses of tiny pretrains, kept as numbers.

Measured before samples had kinds (batches of 128, one epoch, one thread, torch on x86-64). A change
here means that views, order, initial weights or a loss have changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.pretrain import pretrain

LOSSES = {
    "simclr": 5.547987556457519,
    "supervised": 2.356048893928528,
    "dino": 6.2926420211792,
}


@pytest.mark.parametrize("method", LOSSES)
def test_tiny_pretrains_of_images_keep_their_loss(method: str, tmp_path: Path) -> None:
    config = PretrainConfig(
        method=method,
        backbone="mobilenet_v2_tiny",
        epochs=1,
        batch_size=128,
        device="cpu",
        knn_every=0,
    )
    record = pretrain(config, DataConfig(image_size=16), Workspace(tmp_path), Silent())
    assert record.results["loss"] == pytest.approx(LOSSES[method], rel=1e-4)
    assert record.data["fingerprint"].startswith("7ab11a9d")
