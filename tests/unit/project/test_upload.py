"""Which build is flashed, with which command; real uploads are in tests/emulator."""

import json
import shutil
import sys
from dataclasses import replace

import pytest

from tinyssl.core.config import FlashConfig
from tinyssl.core.errors import DeviceNotFound, UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import SerialPort
from tinyssl.project import Flashed, upload
from tinyssl.project.upload import find_build, upload_command
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import find_board


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "with space")


def finish_build(workspace, board):
    """The record and the folder of a finished build, without its image."""
    folder = workspace.builds / board
    (folder / "boards").mkdir(parents=True)
    shutil.copy(boards_folder() / f"{board}.json", folder / "boards")
    elf = f".pio/build/{board}/firmware.elf"
    BuildInfo(board, "aot", "m.tflite", "", "0123456789abcdef", {"elf": elf}, {}, {}).save(folder)
    with workspace.start("build", {}) as run:
        run.results(board=board, folder=str(folder))
    return folder


def test_without_a_build_it_says_what_to_run(workspace):
    with pytest.raises(UsageError) as caught:
        flash(FlashConfig(), workspace)
    assert "tinyssl build" in caught.value.hint


def test_the_last_build_is_taken_or_that_of_the_named_board(workspace):
    first = finish_build(workspace, "mps2_an386")
    last = finish_build(workspace, "nucleo_h743zi")
    assert find_build(None, workspace) == last
    assert find_build("an386", workspace) == first
    with pytest.raises(UsageError, match="host"):
        find_build("host", workspace)


def test_a_build_whose_folder_is_gone_is_passed_over(workspace):
    first = finish_build(workspace, "mps2_an386")
    shutil.rmtree(finish_build(workspace, "host"))
    assert find_build(None, workspace) == first


@pytest.mark.parametrize("absolute", [False, True], ids=["now", "before"])
def test_a_copied_workspace_flashes_its_own_build(workspace, tmp_path, absolute):
    original = finish_build(workspace, "nucleo_h743zi")
    if absolute:  # as versions before stored it
        (record,) = workspace.runs.glob("build-*/record.json")
        stored = record.read_text(encoding="utf-8")
        record.write_text(stored.replace("./build", str(workspace.builds)), encoding="utf-8")
        assert str(original) in record.read_text(encoding="utf-8")
    copy = Workspace(tmp_path / "copy")
    shutil.copytree(workspace.root, copy.root)
    assert find_build(None, copy) == copy.builds / "nucleo_h743zi"
    assert str(copy.root) in flash(FlashConfig(dry_run=True), copy).program
    shutil.rmtree(copy.builds)  # that of the original is no part of this workspace
    with pytest.raises(UsageError, match="no finished build"):
        find_build(None, copy)
    shutil.copytree(workspace.builds, copy.builds)
    shutil.rmtree(workspace.root)
    assert find_build(None, copy) == copy.builds / "nucleo_h743zi"


def test_a_build_with_a_folder_of_its_own_is_found_there(workspace, tmp_path):
    folder = finish_build(workspace, "nucleo_h743zi")
    folder.rename(tmp_path / "elsewhere")
    with workspace.start("build", {"out": "../elsewhere"}) as run:
        run.results(board="nucleo_h743zi", folder=str(tmp_path / "elsewhere"))
    assert find_build(None, workspace) == tmp_path / "elsewhere"


def test_dry_run_gives_the_command_and_starts_nothing(workspace):
    folder = finish_build(workspace, "nucleo_h743zi")
    flashed = flash(FlashConfig(dry_run=True), workspace)
    elf = folder / ".pio/build/nucleo_h743zi/firmware.elf"
    assert flashed.program == (
        "openocd -f board/st_nucleo_h743zi.cfg "
        "-c 'reset_config srst_only srst_nogate connect_assert_srst' "
        f"-f '{folder}/platform/flash.tcl' "
        f"-c 'tinyssl_flash {{{elf}}} 0x5C001000 0xFFF 0x450 {{STM32H74x/H75x}}'"
    )
    assert flashed.kind == "serial"
    assert not (folder / "device.json").exists()
    assert not list(workspace.runs.glob("flash-*"))


def test_a_probe_is_named_to_openocd(workspace, tmp_path):
    board = find_board("nucleo_h743")
    command = upload_command(board, tmp_path, tmp_path / "a.elf", "066DFF")
    place = command.index("adapter serial 066DFF")
    assert command[place - 1] == "-c"
    assert place < command.index("-f", 3)  # before the script that connects


def test_an_arduino_build_is_uploaded_by_its_own_platform(workspace):
    folder = finish_build(workspace, "nucleo_f446re")
    replace(BuildInfo.load(folder), framework="arduino").save(folder)
    flashed = flash(FlashConfig(dry_run=True, port="/dev/ttyACM7"), workspace)
    assert flashed.program == (
        f"{sys.executable} -m platformio run --disable-auto-clean --target nobuild"
        " --target upload --upload-port /dev/ttyACM7"
    )


def test_an_emulator_is_started_by_this_python(workspace):
    folder = finish_build(workspace, "mps2_an500")
    command = flash(FlashConfig(dry_run=True), workspace).program
    assert "-m tinyssl.device.emulator start" in command
    assert f"'{folder}'" in command


def test_two_probes_are_refused_and_listed(workspace, monkeypatch):
    finish_build(workspace, "nucleo_h743zi")
    ports = [
        SerialPort(f"/dev/ttyACM{n}", "0483", "374b", serial_number=f"SN{n}") for n in range(2)
    ]
    monkeypatch.setattr(upload, "find_ports", lambda board: ports)
    with pytest.raises(DeviceNotFound, match=r"SN0 \(/dev/ttyACM0\), SN1 \(/dev/ttyACM1\)"):
        flash(FlashConfig(), workspace)
    assert "SN1" in flash(FlashConfig(port="SN1", dry_run=True), workspace).program


def test_a_damaged_device_file_is_no_flashed_device(workspace):
    folder = finish_build(workspace, "mps2_an500")
    (folder / "device.json").write_text(json.dumps({"board": "mps2_an500"}))
    with pytest.raises(UsageError, match="nothing was flashed"):
        Flashed.load(folder)


def test_a_boot_loader_without_a_known_usb_id_must_be_named(workspace):
    finish_build(workspace, "nano33ble")
    with pytest.raises(DeviceNotFound, match="no USB id tells") as caught:
        flash(FlashConfig(protocol="bossac"), workspace)
    assert "press reset twice" in caught.value.hint
    assert (
        "--port=/dev/ttyACM5"
        in flash(
            FlashConfig(protocol="bossac", port="/dev/ttyACM5", dry_run=True), workspace
        ).program
    )
