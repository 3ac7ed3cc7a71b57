"""Sound and tables on an emulated board: the device gives TFLM's bytes, and the host's figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.convert.test_other_kinds import bumps, plane, to_probe
from tinyssl.core.config import BenchConfig, BuildConfig, ConvertConfig, FlashConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.convert import convert
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

BOARD = "mps2_an500"


def measured(workspace: Workspace, max_drop: float) -> RunRecord:
    """From the last probe to the board's answers."""
    convert(ConvertConfig(max_drop=max_drop), workspace, Silent())
    build(BuildConfig(board=BOARD), workspace)
    flash(FlashConfig(board=BOARD), workspace)
    try:
        return bench(BenchConfig(board=BOARD, runs=1, warmup=0), workspace)
    finally:
        stop_emulators(workspace)


def test_sound_is_classified_on_the_board(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    to_probe(workspace, bumps(tmp_path / "kws.npz"), "ds_cnn_tiny", epochs=12)
    record = measured(workspace, max_drop=10)
    on_host = workspace.latest("convert").results["accuracy_int8"]
    assert record.results["accuracy_device"] == pytest.approx(on_host)
    assert (record.results["agreement"], record.results["images"] > 20) == (1.0, True)


@pytest.mark.nightly
def test_numbers_are_predicted_on_the_board(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    to_probe(workspace, plane(tmp_path / "a.csv"), "mlp", epochs=40)
    record = measured(workspace, max_drop=25)
    on_host = workspace.latest("convert").results["mae_int8"]
    assert record.results["mae_device"] == pytest.approx(on_host)
    assert (record.results["agreement"], record.results["images"] > 20) == (1.0, True)
