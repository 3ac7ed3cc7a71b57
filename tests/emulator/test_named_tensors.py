"""Several inputs and outputs on emulated boards, built and flashed as a user does.

Oracle: TensorFlow Lite Micro on this computer, byte for byte.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.ends import inner_output, two_outputs
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig, VerifyConfig
from tinyssl.core.records import Workspace
from tinyssl.device import emulator
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.stages.verify_board import verify_on_board

pytestmark = pytest.mark.emulator

INPUTS = 24


@pytest.mark.parametrize("board", ["mps2_an500", "mps3_an547", "riscv32_virt"])
def test_two_inputs_and_two_outputs_are_those_of_tflm(board: str, tmp_path: Path) -> None:
    model = tmp_path / "two.tflite"
    model.write_bytes(inner_output())
    config = VerifyConfig(model=model, board=board, images=INPUTS)
    found = verify_on_board(config, Workspace(tmp_path / "workspace"))
    assert (found["inputs"], found["equal"]) == (INPUTS, INPUTS)


def test_bench_measures_agreement_of_all_outputs(tmp_path: Path) -> None:
    """Both ends of a branch; there are no labels, so there is no accuracy."""
    model, workspace = tmp_path / "branch.tflite", Workspace(tmp_path / "workspace")
    model.write_bytes(two_outputs())
    build(BuildConfig(board="mps2_an500", model=model), workspace)
    flash(FlashConfig(board="mps2_an500"), workspace)
    try:
        results = bench(BenchConfig(board="mps2_an500", images=INPUTS, runs=3), workspace).results
    finally:
        emulator.stop(workspace.builds / "mps2_an500")
    assert (results["inputs"], results["equal"], results["agreement"]) == (INPUTS, INPUTS, 1.0)
    assert "accuracy_device" not in results
    named = [(tensor["kind"], tensor["name"]) for tensor in results["tensors"]]
    assert named == [("input", "picture"), ("output", "mean"), ("output", "tensor2")]
    assert results["latency"]["runs"] == 3
