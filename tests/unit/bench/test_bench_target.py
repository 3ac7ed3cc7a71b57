"""Which build, which board, which port."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from tinyssl.bench.target import find_target
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DeviceNotFound, UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.project import Flashed
from tinyssl.targets.boards import find_board


def lay_down(workspace: Workspace, board: str, flashed: str = "") -> Path:
    """A build folder, with a record of the build, as `tinyssl build` leaves it."""
    folder = workspace.builds / board
    (folder / "boards").mkdir(parents=True)
    shutil.copy(boards_folder() / f"{board}.json", folder / "boards")
    BuildInfo(board, "aot", "m.tflite", "0" * 64, "1" * 16, {"elf": "x.elf"}, {}, {}).save(folder)
    with workspace.start("build", {}) as run:
        run.results(board=board, folder=str(folder))
    if flashed:
        Flashed(board, "serial", "", None, "1" * 16, flashed).save(folder)
    return folder


def plug(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    vid, pid = find_board("nucleo_h743zi").tinyssl.serial.usb_ids[0]
    ports = []
    for name in names:
        info = ListPortInfo(name)
        info.vid, info.pid, info.serial_number = int(vid, 16), int(pid, 16), name[-1]
        ports.append(info)
    monkeypatch.setattr(list_ports, "comports", lambda: ports)


def test_the_board_flashed_last_and_its_one_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, "nucleo_h743zi", "2026-01-02T00:00:00+00:00")
    lay_down(workspace, "mps2_an500")  # built later, never flashed
    plug(monkeypatch, "/dev/ttyACM0")
    target = find_target(BenchConfig(), workspace)
    assert (target.board.id, target.port, target.baud) == ("nucleo_h743zi", "/dev/ttyACM0", 115200)


def test_options_go_before_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, "nucleo_h743zi", "2026-01-02T00:00:00+00:00")
    lay_down(workspace, "mps2_an500")
    plug(monkeypatch)
    config = BenchConfig(board="mps2_an500", serial="/dev/pts/99", baud=9600)
    target = find_target(config, workspace)
    assert (target.board.id, target.port, target.baud) == ("mps2_an500", "/dev/pts/99", 9600)


def test_two_matching_ports_are_refused_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, "nucleo_h743zi")
    plug(monkeypatch, "/dev/ttyACM0", "/dev/ttyACM1")
    with pytest.raises(DeviceNotFound, match=r"/dev/ttyACM0 .*/dev/ttyACM1") as error:
        find_target(BenchConfig(board="nucleo_h743"), workspace)
    assert "--serial" in error.value.hint


def test_an_emulator_that_was_never_started(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, "mps2_an500")
    with pytest.raises(DeviceNotFound, match="mps2_an500 is not running") as error:
        find_target(BenchConfig(), workspace)
    assert "tinyssl flash --board mps2_an500" in error.value.hint


def test_an_emulator_that_has_ended(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    folder = lay_down(workspace, "mps2_an500", "2026-01-02T00:00:00+00:00")
    flashed = replace(Flashed.load(folder), kind="emulator", port="/dev/pts/99", pid=2**22 - 1)
    flashed.save(folder)
    with pytest.raises(DeviceNotFound, match=r"process 4194303 has ended"):
        find_target(BenchConfig(), workspace)


def test_an_unknown_board(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no board") as error:
        find_target(BenchConfig(board="mps2_an501"), Workspace(tmp_path))
    assert "mps2_an500" in error.value.hint
