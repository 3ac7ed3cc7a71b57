"""Models with uint8 and float32 ends on an emulated board, from a folder of pictures.

Oracle: TensorFlow Lite Micro on this computer, byte for byte.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.colours import colours, save_pictures
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

BOARD = "mps2_an500"


@pytest.mark.parametrize(("kind", "pixels"), [("uint8", "codes"), ("float32", "0:1")])
def test_pictures_are_classified(kind: str, pixels: str, tmp_path: Path) -> None:
    model, workspace = tmp_path / "colours.tflite", Workspace(tmp_path / "workspace")
    model.write_bytes(colours(kind))
    folder = save_pictures(tmp_path / "pictures")
    build(BuildConfig(board=BOARD, model=model), workspace)
    flash(FlashConfig(board=BOARD), workspace)
    config = BenchConfig(board=BOARD, runs=1, warmup=0, data=folder, pixels=pixels)
    try:
        record = bench(config, workspace)
    finally:
        stop_emulators(workspace)
    results = record.results
    assert (results["images"], results["agreement"], results["accuracy_device"]) == (8, 1.0, 1.0)
    assert [tensor["type"] for tensor in results["tensors"]] == [kind, kind]
    assert (record.data["name"], record.data["pixels"]) == ("pictures", pixels)
