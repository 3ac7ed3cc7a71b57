"""The demo's own settings learn: less of them than `make demo` does, above what it once reached."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tinyssl.core.config import ConvertConfig, DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.core.settings import read_file, resolve
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe

DEMO = Path(__file__).resolve().parents[4] / "examples" / "digits.toml"
EPOCHS = 30
"""As many as a test may take"""
FLOOR = 0.94
"""Twenty epochs of batches of 32 at 32 pixels, the demo before, end between 0.85 and 0.91"""


def test_the_demo_holds_its_own_limits() -> None:
    """`make demo` ends with exit code 3 below them."""
    layers = read_file(DEMO).layers
    assert resolve(ProbeConfig, [layers["probe"]]).min_accuracy >= 98
    assert resolve(ConvertConfig, [layers["convert"]]).max_drop <= 0.5
    assert {"data", "pretrain"} <= tomllib.loads(DEMO.read_text()).keys()


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_part_of_the_demo_already_beats_what_it_once_reached(tmp_path: Path) -> None:
    layers = read_file(DEMO).layers
    data = resolve(DataConfig, [layers["data"]])
    config = resolve(PretrainConfig, [layers["pretrain"]])
    fewer = min(config.epochs or EPOCHS, EPOCHS)
    workspace = Workspace(tmp_path)
    settings = vars(config) | {"epochs": fewer, "knn_every": 0, "device": "cpu"}
    pretrain(PretrainConfig(**settings), data, workspace, Silent())
    found = probe(ProbeConfig(seeds=1), None, workspace, Silent()).results
    assert found["accuracy"] > FLOOR
    assert found["accuracy"] > found["accuracy_random"] + 0.1
