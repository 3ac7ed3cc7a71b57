"""Checkpoints on a disk that is full: the one before stays whole."""

from __future__ import annotations

import resource
import shutil
import signal
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from tinyssl.core.errors import TrainingError
from tinyssl.core.progress import Silent
from tinyssl.learn.train.checkpoint import CURRENT, PREVIOUS, load_checkpoint, save_checkpoint

LARGE = 50_000
"""Values in a checkpoint: 200 kB"""


def state(step: int, values: int = 10) -> dict[str, object]:
    return {"step": step, "weights": torch.arange(values, dtype=torch.float32) + step}


def step_of(folder: Path) -> int:
    found = load_checkpoint(folder, Silent())
    assert found is not None
    return int(found["step"])


def test_round_trip(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, state(1))
    save_checkpoint(tmp_path, state(2))
    assert step_of(tmp_path) == 2
    found = load_checkpoint(tmp_path, Silent())
    assert found is not None
    assert torch.equal(found["weights"], torch.arange(10) + 2.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CURRENT, PREVIOUS])


@pytest.fixture
def small_files():
    """No file of this process may grow beyond 100 kB: writing fails in the middle, with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_write_that_fails_in_the_middle(tmp_path, small_files):
    save_checkpoint(tmp_path, state(1))
    save_checkpoint(tmp_path, state(2))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match=r"cannot be written: File too large") as caught:
        save_checkpoint(tmp_path, state(3, LARGE))
    assert "the one before is whole" in caught.value.message
    assert f"--resume {tmp_path}" in caught.value.hint
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert step_of(tmp_path) == 2


def test_too_little_space_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, state(1))
    before = (tmp_path / CURRENT).stat()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**6, 9 * 10**5, 10**5))
    with pytest.raises(TrainingError, match=r"needs 20\d,\d{3} bytes, 100,000 are free"):
        save_checkpoint(tmp_path, state(2, LARGE))
    assert [path.name for path in tmp_path.iterdir()] == [CURRENT]
    assert (tmp_path / CURRENT).stat() == before


@pytest.mark.parametrize("keep", [0, 7, 20, 40, 500])
def test_cut_short(tmp_path, keep):
    save_checkpoint(tmp_path, state(1))
    save_checkpoint(tmp_path, state(2))
    current = tmp_path / CURRENT
    current.write_bytes(current.read_bytes()[:keep])
    assert step_of(tmp_path) == 1
