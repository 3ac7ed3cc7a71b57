"""The promise itself: a process killed with SIGKILL, resumed by another, ends with the bits of one
that was never killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.records import METRICS, RunRecord, Workspace

SCRIPT = """
import sys
from pathlib import Path
import torch
from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.pretrain import pretrain
torch.set_num_threads(1)
root, images = Path(sys.argv[1]), Path(sys.argv[2])
resume = Path(sys.argv[3]) if len(sys.argv) > 3 else None
config = PretrainConfig(resume=resume)
if resume is None:
    config = PretrainConfig(backbone="mobilenet_v2_tiny", epochs=7, batch_size=16, device="cpu",
        checkpoint_seconds=0)
data = DataConfig(dataset="npz", data_path=images, image_size=16)
pretrain(config, data, Workspace(root), Silent())
"""
REPOSITORY = Path(__file__).parents[4]


def spawn(*arguments: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY)


def lines(workspace: Workspace) -> int:
    found = list(workspace.runs.glob(f"pretrain-*/{METRICS}"))
    return len(found[0].read_text().splitlines()) if found else 0


def kill_at(process: subprocess.Popen[bytes], workspace: Workspace, wanted: int) -> None:
    """SIGKILL when the run has measured `wanted` lines."""
    deadline = time.monotonic() + 200
    while lines(workspace) < wanted:
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline, "no progress"
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -9


def only_run(workspace: Workspace) -> RunRecord:
    (run,) = workspace.all("pretrain")
    return run


@pytest.mark.slow
def test_killed_processes_end_with_the_same_bits(tmp_path: Path) -> None:
    images = tmp_path / "images.npz"
    pixels = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    np.savez(images, images=pixels)
    unbroken, broken = Workspace(tmp_path / "unbroken"), Workspace(tmp_path / "broken")
    assert spawn(unbroken.root, images).wait() == 0

    kill_at(spawn(broken.root, images), broken, 7)
    folder = only_run(broken).folder
    assert only_run(broken).status == "running"
    kill_at(spawn(broken.root, images, folder), broken, 15)
    assert spawn(broken.root, images, folder).wait() == 0

    first, second = only_run(unbroken), only_run(broken)
    assert second.status == "complete"
    assert first.path("backbone").read_bytes() == second.path("backbone").read_bytes()
    assert [row["loss"] for row in first.metrics()] == [row["loss"] for row in second.metrics()]
    leftovers = [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
    assert leftovers == []
