"""Emulated boards learn together: bits of this computer, an emulator that dies, eight at a time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyssl.core.config import FederateConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.device import emulator
from tinyssl.device.flashed import Flashed
from tinyssl.project import stop_emulators
from tinyssl.stages.federate import federate

pytestmark = pytest.mark.emulator


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    found = Workspace(tmp_path)
    yield found
    stop_emulators(found)


def kill_once(folder: Path) -> None:
    """SIGKILL to the emulator of a folder, as soon as it has learnt for a moment."""
    for _ in range(1200):
        try:
            pid = Flashed.load(folder).pid
        except UsageError:
            pid = None
        if pid and list(folder.parents[1].glob("runs/federate-*/checkpoint.npz")):
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def test_boards_learn_the_bits_of_this_computer(workspace: Workspace) -> None:
    config = FederateConfig(
        strategy="tinymetafed",
        boards="mps2_an386:2,riscv32_virt",
        per_round=3,
        rounds=6,
        samples=8,
        unseen=3,
        save=True,
    )
    killer = threading.Thread(target=kill_once, args=(workspace.builds / "mps2_an386-2",))
    killer.start()
    results = federate(config, workspace).results
    killer.join()
    assert results["different"] == 0
    devices = results["devices"]
    assert {*devices} == {"mps2_an386 1", "mps2_an386 2", "riscv32_virt"}
    for name, each in devices.items():
        killed = name == "mps2_an386 2"
        assert each["left_out"] <= (2 if killed else 0)
        assert each["rounds"] == 6 - each["left_out"]
        assert each["before"]["loss"] > 0
        assert each["unit"] == "instructions"
        assert each["training_step"] > 1000
        assert each["line_bytes_parameters"] > each["rounds"] * 1120 * (4 + 2 * 4)
        assert each["ram_bytes"] > 5000
        assert "flash_erases" in each
    assert devices["mps2_an386 2"]["left_out"] >= 1
    assert results["compared"] >= 3 * 6 + 3 * 2 - 2
    running = list(workspace.builds.glob(f"*/{Flashed.FILE}"))
    assert running == []  # the command ends what it starts
    assert not emulator.stop(workspace.builds / "mps2_an386")


@pytest.mark.nightly
def test_eight_boards_side_by_side(workspace: Workspace) -> None:
    config = FederateConfig(
        strategy="reptile",
        boards="mps2_an500:3,mps2_an386:3,riscv32_virt:2",
        per_round=8,
        rounds=4,
        passes=2,
        samples=8,
        unseen=8,
    )
    results = federate(config, workspace).results
    assert (results["compared"], results["different"]) == (8 * 4 + 8 * 2, 0)
    assert results["left_out"] == 0
