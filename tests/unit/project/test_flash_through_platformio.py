"""`tinyssl flash` of a board that is not emulated, through the real `pio run -t upload`."""

import json
import threading
import time

import pytest

from tests.images import write_elf
from tests.networks import network
from tinyssl.core.config import FlashConfig
from tinyssl.core.errors import BudgetExceeded, DeviceNotFound
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.core.sources import write_sources
from tinyssl.project.project import EngineParts, Image, project_files
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import find_board

BOARD = "nucleo_h743zi"
ELF = f".pio/build/{BOARD}/firmware.elf"


@pytest.fixture
def workspace(tmp_path):
    """A finished build: its project as it is generated, and an image that nobody compiled."""
    made = Workspace(tmp_path / "work space")
    folder = made.builds / BOARD
    files, build_id = project_files(Image(find_board(BOARD), network(), EngineParts({})))
    write_sources(files, folder)
    (folder / ELF).parent.mkdir(parents=True)
    write_elf(folder / ELF, 0x08000000, b"image")
    (folder / ELF).with_suffix(".bin").write_bytes(b"image")
    BuildInfo(BOARD, "aot", "m.tflite", "", build_id, {"elf": ELF}, {}, {}).save(folder)
    with made.start("build", {}) as run:
        run.results(board=BOARD, folder=str(folder))
    return made


@pytest.fixture
def drive(tmp_path):
    """A probe's drive; the file that is copied there disappears, as from a real one."""
    folder = tmp_path / "NODE H743ZI"
    folder.mkdir()
    (folder / "MBED.HTM").write_text("?code=0813")
    taken: list[bytes | None] = []

    def probe():
        while not taken:
            for path in folder.glob("*.bin"):
                time.sleep(0.2)  # until all of it was written
                taken.append(path.read_bytes())
                path.unlink()
            time.sleep(0.02)

    worker = threading.Thread(target=probe, daemon=True)
    worker.start()
    yield folder, taken
    taken.append(None)
    worker.join()


def test_the_protocol_of_choice_is_what_platformio_runs(workspace, drive):
    folder, taken = drive
    flashed = flash(FlashConfig(protocol="mbed", port=str(folder)), workspace)
    assert taken == [b"image"]
    assert "tinyssl.device.flashers mbed" in flashed.program
    stored = json.loads((workspace.builds / BOARD / "device.json").read_text())
    assert (stored["board"], stored["kind"]) == (BOARD, "serial")
    assert workspace.latest("flash").results["build_id"] == flashed.build_id


def test_another_board_is_refused_with_our_exit_code_and_hint(workspace, drive):
    folder, taken = drive
    (folder / "MBED.HTM").write_text("?code=1102")
    with pytest.raises(
        DeviceNotFound, match="wrong board: nucleo_h743zi has the code 0813"
    ) as caught:
        flash(FlashConfig(protocol="mbed", port=str(folder)), workspace)
    assert "attach the right board" in caught.value.hint
    assert taken == []
    assert not (workspace.builds / BOARD / "device.json").exists()


def test_an_image_that_does_not_fit_is_never_handed_over(workspace, drive):
    folder, taken = drive
    write_elf(workspace.builds / BOARD / ELF, 0x09000000, b"image")
    with pytest.raises(BudgetExceeded, match="nothing was written"):
        flash(FlashConfig(protocol="mbed", port=str(folder)), workspace)
    assert taken == []
