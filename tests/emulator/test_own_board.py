"""A board that brings its port: from a folder outside tinyssl to inferences in QEMU."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.device.emulator import stop
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugins" / "mps2_polled"


def test_a_board_with_its_port_infers_as_tflm_does(tmp_path: Path, tiny_tflite: Path) -> None:
    folder = tmp_path / "elsewhere" / "mps2_polled"
    shutil.copytree(EXAMPLE, folder)
    board = str(folder / "mps2_polled.json")
    workspace = Workspace(tmp_path / "workspace")
    build(BuildConfig(board=board, model=tiny_tflite), workspace)
    project = workspace.builds / "mps2_polled"
    assert "warning:" not in (project / "pio.log").read_text()
    assert (project / "src" / "port" / "mps2_polled.c").exists()
    shutil.rmtree(folder)  # the project has all that it needs
    try:
        flashed = flash(FlashConfig(), workspace)
        check(flashed.port, tiny_tflite)
    finally:
        stop(project)


def check(port: str, model: Path) -> None:
    """Inferences of a flashed board against TFLM; its time never runs backwards."""
    oracle = TflmInterpreter(model.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8, 3), dtype=np.uint8)
    with Session(open_link(port, 115200), 10.0, 2) as device:
        assert device.identity().board == "mps2_polled"
        for image in pixels:
            answer = device.infer(image.tobytes())
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert np.frombuffer(answer.output, dtype=np.int8).tolist() == expected.ravel().tolist()
            assert answer.ticks > 0


def test_a_linker_script_beside_the_port_is_taken_as_it_is(
    tmp_path: Path, tiny_tflite: Path
) -> None:
    folder = tmp_path / "mps2_polled"
    shutil.copytree(EXAMPLE, folder)
    board, workspace = str(folder / "mps2_polled.json"), Workspace(tmp_path)
    config = BuildConfig(board=board, model=tiny_tflite, check=False, compile=False)
    build(config, workspace)
    project = workspace.builds / "mps2_polled"
    script = (project / "linker.ld").read_text() + "/* as the board brings it */\n"
    (folder / "port" / "mps2_polled.ld").write_text(script)
    build(BuildConfig(board=board, model=tiny_tflite, check=False), workspace)
    assert (project / "linker.ld").read_text() == script
    assert (project / ".pio" / "build" / "mps2_polled" / "firmware.elf").exists()
