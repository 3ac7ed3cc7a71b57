"""TinyNeXt-T on the emulated Cortex-M7: attention, excitation and GELU give TFLM's bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyssl.core.config import VerifyConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.verify import verify
from tinyssl.stages.verify_board import verify_on_board
from tools.bench_engines.models import backbone

pytestmark = [pytest.mark.emulator, pytest.mark.nightly]


def test_the_board_gives_tflms_bytes(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(backbone("TinyNeXt-T 32x32", tmp_path).data)
    config = VerifyConfig(model=model, images=8, board="mps2_an500")
    workspace = Workspace(tmp_path)
    verify(config, workspace, Silent())
    found = verify_on_board(config, workspace, Silent())
    assert found["inputs"] >= 8  # the extremes come on top
    assert found["equal"] == found["inputs"]
