"""Processes of emulators: only our own are ever stopped. Real emulators are in tests/emulator."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinyssl.core.errors import DeviceTimeout, ToolMissing
from tinyssl.core.paths import boards_folder
from tinyssl.device import emulator
from tinyssl.device.emulator import MARK, command, is_ours, stop, stop_all
from tinyssl.device.flashed import Flashed
from tinyssl.targets.boards import find_board


@pytest.fixture
def sleeper():
    """Starts a process that sleeps, and carries the mark of a project."""
    started = []

    def start(project):
        code = "import time; print(flush=True); time.sleep(60)"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            env=os.environ | {MARK: str(Path(project).resolve())},
        )
        assert process.stdout is not None
        process.stdout.readline()  # until then its command line may be that of the parent
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def record(project, pid, kind="emulator"):
    project.mkdir(parents=True, exist_ok=True)
    Flashed("mps2_an500", kind, "/dev/pts/9", pid, "00", "now").save(project)


def test_a_process_that_runs_our_image_is_stopped(tmp_path, sleeper):
    project = tmp_path / "build" / "mps2_an500"
    process = sleeper(project)
    record(project, process.pid)
    assert is_ours(process.pid, project)
    assert stop(project)
    assert not (project / "device.json").exists()
    assert not stop(project)


def test_a_process_that_has_the_number_now_is_left_alone(tmp_path, sleeper):
    project = tmp_path / "build" / "mps2_an500"
    process = sleeper("/")
    record(project, process.pid)
    assert not stop(project)
    assert process.poll() is None


def test_the_image_of_another_project_is_not_ours(tmp_path, sleeper):
    process = sleeper(tmp_path / "mine too")
    assert not is_ours(process.pid, tmp_path / "mine")


def test_a_real_board_is_not_a_process(tmp_path, sleeper):
    process = sleeper(tmp_path)
    record(tmp_path, process.pid, kind="serial")
    assert not stop(tmp_path)
    assert process.poll() is None
    assert (tmp_path / "device.json").exists()


@pytest.fixture
def silent(tmp_path):
    """A project whose image never names a terminal."""
    (tmp_path / "boards").mkdir()
    shutil.copy(boards_folder() / "host.json", tmp_path / "boards")
    image = tmp_path / "image"
    image.write_text("#!/bin/sh\nexec sleep 60\n")
    image.chmod(0o755)
    return tmp_path, image


def alive(pid):
    """Not gone, and not a zombie that nobody waits for."""
    status = Path("/proc") / str(pid) / "stat"
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_an_image_that_does_not_answer_is_ended(silent):
    project, image = silent
    with pytest.raises(DeviceTimeout):
        emulator.start(project, image, timeout=0.5)
    assert not (project / "device.json").exists()


def test_an_emulator_whose_start_was_killed_can_still_be_stopped(silent):
    project, image = silent
    program = [sys.executable, "-m", "tinyssl.device.emulator", "start", project, image]
    with subprocess.Popen(program) as starter:
        end = time.monotonic() + 30
        while not (project / "device.json").exists() and time.monotonic() < end:
            time.sleep(0.02)
        starter.kill()
    pid = Flashed.load(project).pid
    assert alive(pid)
    assert stop(project)
    assert not alive(pid)


def test_an_image_that_ends_at_once_is_told_with_its_words(silent):
    project, image = silent
    image.write_text("#!/bin/sh\necho no such machine\n")
    with pytest.raises(DeviceTimeout, match="the emulator ended at once: no such machine"):
        emulator.start(project, image)
    assert not (project / "device.json").exists()


def test_an_image_that_may_not_be_run_is_told(silent):
    project, image = silent
    image.chmod(0o644)
    with pytest.raises(ToolMissing, match="the system does not run") as caught:
        emulator.start(project, image)
    assert "noexec" in caught.value.hint


def test_an_emulator_that_is_not_installed_is_told_with_its_package(tmp_path, monkeypatch):
    (tmp_path / "boards").mkdir()
    shutil.copy(boards_folder() / "mps2_an500.json", tmp_path / "boards")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="qemu-system-arm is not on the PATH") as caught:
        emulator.start(tmp_path, tmp_path / "firmware.elf")
    assert "qemu-system-arm" in caught.value.hint


def test_the_upload_of_platformio_says_what_failed(silent, monkeypatch, capsys):
    project, image = silent
    image.chmod(0o644)
    monkeypatch.setattr(sys, "argv", ["emulator", "start", str(project), str(image)])
    assert emulator.main() == ToolMissing("").exit_code
    assert "Error: the system does not run" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["emulator", "stop", str(project)])
    assert emulator.main() == 0
    assert capsys.readouterr().out == "no emulator ran\n"


def test_all_emulators_of_a_workspace_are_stopped(tmp_path, sleeper):
    for name in ("a", "b"):
        project = tmp_path / name
        record(project, sleeper(project).pid)
    assert stop_all(tmp_path) == 2


def test_qemu_counts_instructions_and_gives_a_terminal(tmp_path: Path) -> None:
    words = command(find_board("mps2_an500"), tmp_path / "a b.elf")
    assert words[words.index("-icount") + 1] == "shift=0"
    assert words[words.index("-kernel") + 1] == str(tmp_path / "a b.elf")
    assert words[words.index("-serial") + 1] == "pty"
    assert command(find_board("host"), tmp_path / "a.elf") == [str(tmp_path / "a.elf")]
