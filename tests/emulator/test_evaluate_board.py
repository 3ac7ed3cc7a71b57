"""Corrupted images on an emulated board: the same bytes as on this computer."""

from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import EvaluateConfig
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.evaluate_int8 import evaluate_int8

pytestmark = pytest.mark.emulator


def test_corrupted_images_give_the_same_bytes_on_the_board(tiny_tflite: Path, tmp_path: Path):
    workspace = Workspace(tmp_path)
    rng = np.random.default_rng(3)
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        np.savez(
            run.file("test", "test.npz"),
            images=rng.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8),
            labels=rng.integers(0, 3, 6),
            class_names=("a", "b", "c"),
        )
    config = EvaluateConfig(board="mps2_an500", board_images=6, corruptions=["fog", "snow"])
    found = evaluate_int8(config, workspace).results
    assert found["board"] == "mps2_an500"
    assert found["board_inputs"] == found["board_equal"] == 6 * (1 + 2 * 5)
    # all images went to both, so the figures are equal too
    assert found["accuracy_board"] == found["accuracy_clean"]
    assert found["accuracy_corrupted_board"] == pytest.approx(found["accuracy_corrupted"])
    assert stop_emulators(workspace) == 0  # it has ended its own
