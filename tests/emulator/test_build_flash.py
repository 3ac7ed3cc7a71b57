"""A model to a running image, through the real PlatformIO, compilers and emulators."""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.errors import (
    EXIT_GATE,
    EXIT_NOT_FOUND,
    BudgetExceeded,
    BuildError,
    DeviceNotFound,
)
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session, open_link
from tinyssl.device.emulator import is_ours, stop
from tinyssl.project.project import project_files
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages import build as build_stage
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import find_board

pytestmark = pytest.mark.emulator

EMULATED = ("mps2_an500", "mps2_an386", "mps2_an385", "mps3_an547", "riscv32_virt", "host")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """One workspace for all tests, so that each board is built once; a space in its path."""
    made = Workspace(tmp_path_factory.mktemp("work space"))
    yield made
    for folder in made.builds.glob("*"):
        stop(folder)


@pytest.fixture(scope="module")
def built(workspace, tiny_tflite):
    def once(board: str, **options: Any) -> tuple[BuildInfo, Path]:
        folder = workspace.builds / find_board(board).id
        if options or not (folder / BuildInfo.FILE).exists():
            build(BuildConfig(board=board, model=tiny_tflite, **options), workspace)
        return BuildInfo.load(folder), folder

    return once


def session(flashed) -> Session:
    return Session(open_link(flashed.port, 115200), 10.0, 2)


@pytest.mark.parametrize("board", EMULATED)
def test_the_image_answers_and_infers_as_tflm_does(built, workspace, tiny_tflite, board):
    info, folder = built(board)
    assert "warning:" not in (folder / "pio.log").read_text()
    flashed = flash(FlashConfig(board=board), workspace)
    assert json.loads((folder / "device.json").read_text())["port"] == flashed.port
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (8, 1, 8, 8, 3), dtype=np.uint8)
    with session(flashed) as device:
        identity = device.identity()
        for image in pixels:
            answer = np.frombuffer(device.infer(image.tobytes()).output, dtype=np.int8)
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert answer.tolist() == expected.ravel().tolist()
    assert identity.build_id == info.build_id == flashed.build_id
    assert identity.model_sha256 == info.model_sha256
    if board != "host":
        assert identity.flash_bytes == info.sizes["flash"]
        assert identity.ram_bytes == info.sizes["ram"]


def test_an_idle_emulator_sleeps_and_wakes_on_a_byte(built, workspace):
    built("mps2_an500")
    flashed = flash(FlashConfig(board="mps2_an500"), workspace)

    def cpu_seconds() -> float:
        text = Path(f"/proc/{flashed.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu_seconds()
    time.sleep(2)
    assert cpu_seconds() - before < 0.2
    with session(flashed) as device:
        device.sync()


def test_bytes_that_come_faster_than_they_are_read_are_held(built, workspace):
    built("mps2_an500")
    flashed = flash(FlashConfig(board="mps2_an500"), workspace)
    link = open_link(flashed.port, 115200)
    for _ in range(4):
        link.write(bytes(4096) + b"name%")  # the device skips NUL; its ring holds 1024 bytes
        answer = b""
        while b"m-ready" not in answer:
            more = link.read(10.0)
            assert more, "the receive interrupt was lost"
            answer += more
        assert answer.count(b"mps2_an500") == 1
    link.close()


@pytest.mark.parametrize("board", ["mps2_an500", "host"])
def test_flashing_again_replaces_the_process(built, workspace, board):
    _, folder = built(board)
    first = flash(FlashConfig(board=board), workspace)
    second = flash(FlashConfig(board=board), workspace)
    assert first.pid != second.pid
    assert first.pid is not None
    assert second.pid is not None
    assert not is_ours(first.pid, folder)
    assert is_ours(second.pid, folder)
    assert stop(folder)
    assert not is_ours(second.pid, folder)
    assert not (folder / "device.json").exists()


def test_reset_restarts_the_image(built, workspace):
    built("mps2_an500")
    flashed = flash(FlashConfig(board="mps2_an500"), workspace)
    with session(flashed) as device:
        device.sync()
        device.reset()
        assert device.identity().board == "mps2_an500"


def test_a_reset_and_a_new_build_do_not_hide_the_old_process(built, workspace):
    _, folder = built("host")
    first = flash(FlashConfig(board="host"), workspace)
    with session(first) as device:
        device.sync()
        device.reset()
    built("host", optimise="Os")
    assert first.pid is not None
    assert is_ours(first.pid, folder)
    flash(FlashConfig(board="host"), workspace)
    assert not is_ours(first.pid, folder)


def test_the_nucleo_image_starts_where_the_processor_looks(built):
    info, folder = built("nucleo_h743")
    assert info.board == "nucleo_h743zi"
    image = (folder / info.artifacts["bin"]).read_bytes()
    stack, entry = struct.unpack_from("<II", image)
    dtcm = find_board("nucleo_h743").region("stack")
    assert stack == dtcm.origin + 8192
    assert entry % 2 == 1  # Thumb
    assert 0x08000000 <= entry < 0x08000000 + len(image)
    assert len(image) == info.sizes["flash"]
    first_record = (folder / info.artifacts["hex"]).read_text().splitlines()[0]
    assert first_record == ":020000040800F2"  # what follows lies at 0x08000000
    symbols = subprocess.run(
        ["arm-none-eabi-nm", folder / info.artifacts["elf"]],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert f"{entry - 1:08x} T reset_handler" in symbols


def test_a_second_build_compiles_nothing(built, workspace, tiny_tflite):
    built("mps2_an500")
    build(BuildConfig(board="mps2_an500", model=tiny_tflite), workspace)
    log = (workspace.builds / "mps2_an500" / "pio.log").read_text()
    assert "SUCCESS" in log
    assert "Compiling" not in log


def test_the_project_builds_by_hand(built):
    from tinyssl.project.platformio import environment

    _, folder = built("mps2_an500")
    elf = folder / BuildInfo.load(folder).artifacts["elf"]
    before = elf.read_bytes()
    elf.unlink()
    command = [sys.executable, "-m", "platformio", "run"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    assert elf.read_bytes() == before


def test_warnings_are_for_our_files_and_your_flags_have_the_last_word(tmp_path, tiny_tflite):
    from tinyssl.project.platformio import environment

    def warned() -> list[str]:
        command = [sys.executable, "-m", "platformio", "run"]
        done = subprocess.run(
            command, cwd=folder, env=environment(), check=True, capture_output=True, text=True
        )
        return [line.split(":")[0] for line in done.stderr.splitlines() if "warning:" in line]

    workspace = Workspace(tmp_path)
    build(BuildConfig(board="mps2_an500", model=tiny_tflite), workspace)
    folder = workspace.builds / "mps2_an500"
    narrowing = "int narrowed(long long x);\nint narrowed(long long x) { return x; }\n"
    ours = [f"src/{name}" for name in ("app/a.c", "protocol/p.c", "port/q.c", "engine/e.c")]
    ours += [f"lib/tinyssl_model/src/{name}" for name in ("m.c", "kernels/k.c")]
    (folder / "src" / "yours").mkdir()
    for name in (*ours, "src/yours.c", "src/yours/y.c"):
        static = narrowing.replace("narrowed", f"narrowed_{Path(name).stem}")
        (folder / name).write_text(static)
    assert sorted(warned()) == sorted(ours)
    settings = folder / "platformio.ini"
    settings.write_text(settings.read_text().replace("    -O2\n", "    -O2\n    -Wno-conversion\n"))
    assert warned() == []


def test_platformio_counts_the_same_bytes_as_we_do(built, workspace, tiny_tflite):
    built("mps2_an500")
    info = build(BuildConfig(board="mps2_an500", model=tiny_tflite), workspace)
    log = (workspace.builds / "mps2_an500" / "pio.log").read_text()
    assert f"(used {info.sizes['flash']} bytes" in log
    assert f"(used {info.sizes['ram']} bytes" in log


def test_over_budget_is_a_gate_and_leaves_the_last_build(built, workspace, tiny_tflite):
    info, folder = built("mps2_an500")
    config = BuildConfig(board="mps2_an500", model=tiny_tflite, ram_budget=1000)
    with pytest.raises(BudgetExceeded, match="budget of mps2_an500 1,000") as caught:
        build(config, workspace)
    assert caught.value.exit_code == EXIT_GATE
    assert BuildInfo.load(folder).built == info.built
    assert workspace.all("build")[-1].status == "failed"


def test_a_shrunk_region_is_a_gate_with_the_number_of_bytes(
    workspace, tiny_tflite, tmp_path, monkeypatch
):
    content = json.loads((boards_folder() / "mps2_an386.json").read_text())
    content["tinyssl"]["aliases"] = []
    content["tinyssl"]["regions"][1]["size"] = "0x2240"  # stack and arena fit, variables do not
    (tmp_path / "shrunk.json").write_text(json.dumps(content))
    monkeypatch.setenv("TINYSSL_BOARDS", str(tmp_path))
    with pytest.raises(BudgetExceeded, match=r"ssram23 by [\d,]+ bytes") as caught:
        build(BuildConfig(board="shrunk", model=tiny_tflite), workspace)
    assert caught.value.exit_code == EXIT_GATE


def test_a_broken_source_is_a_build_error_that_shows_it(
    workspace, tiny_tflite, monkeypatch, tmp_path
):
    whole = project_files

    def broken(image):
        files, build_id = whole(image)
        return files | {"src/app/main.c": "int main(void) { return nonsense; }"}, build_id

    monkeypatch.setattr(build_stage, "project_files", broken)
    with pytest.raises(BuildError, match="nonsense"):
        build(
            BuildConfig(board="host", model=tiny_tflite, out=tmp_path / "out", check=False),
            workspace,
        )
    assert not (tmp_path / "out").exists()


def test_without_a_probe_flashing_a_real_board_is_not_found(built, workspace):
    built("nucleo_h743")
    if list(Path("/dev").glob("ttyACM*")):
        pytest.skip("a board may be plugged in")
    with pytest.raises(DeviceNotFound) as caught:
        flash(FlashConfig(board="nucleo_h743"), workspace)
    assert caught.value.exit_code == EXIT_NOT_FOUND
    assert "USB" in caught.value.hint


def test_target_c_is_a_folder_whose_self_test_passes(workspace, tiny_tflite):
    info = build(BuildConfig(target="c", model=tiny_tflite), workspace)
    folder = workspace.builds / "c"
    assert f"(flash) | {info.sizes['weights']} bytes |" in (folder / "README.md").read_text()
    subprocess.run(["make"], cwd=folder, check=True, capture_output=True)
    assert subprocess.run([folder / "selftest"], check=False).returncode == 0
