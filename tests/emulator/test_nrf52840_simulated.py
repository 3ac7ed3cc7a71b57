"""The nRF52840's port on a simulated chip: crystals, clock, EasyDMA, protocol, inference."""

import numpy as np
import pytest

from tests.simulated import EasyDmaLink, for_cortex_m3, system_file
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Session
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build

pytestmark = pytest.mark.emulator

BOARD = "nrf52840_dk"
SYSTICK = """\
  - id: "systick"
    type: "systick"
    base_address: 0xE000E010
    config:
      calib: 0x00000000
"""
DEBUG_CONTROL = '  - name: "dcb"\n    base: 0xE000EDF0\n    size: "16B"\n'


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, tiny_tflite):
    """The tiny model's image, compiled for what the simulator executes."""
    made = Workspace(tmp_path_factory.mktemp("nrf"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYSSL_BOARDS", str(for_cortex_m3(BOARD, made.root / "boards")))
        build(BuildConfig(board=BOARD, model=tiny_tflite, kernels="reference"), made)
    assert "warning:" not in (made.builds / BOARD / "pio.log").read_text()
    return made


def system(folder, clock: str = "nrf_clock"):
    """The chip's file lacks SysTick and the debug control block."""
    path = system_file("nrf52840", folder, regions=DEBUG_CONTROL, peripherals=SYSTICK)
    chip = folder / "chips" / "chip.yaml"
    chip.write_text(chip.read_text().replace('"nrf_clock"', f'"{clock}"'))
    return path


def test_boots_answers_and_infers_as_tflm_does(workspace, tiny_tflite, tmp_path):
    elf = workspace.builds / BOARD / ".pio" / "build" / BOARD / "firmware.elf"
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 1, 8, 8, 3), dtype=np.uint8)
    with Session(EasyDmaLink(elf, system(tmp_path), BOARD), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert identity.board == BOARD
        assert identity.ticks_per_second == pytest.approx(64_000_000, rel=0.001)
        assert identity.warning == ""
        for image in pixels:
            answer = device.infer(image.tobytes())
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert answer.output == expected.tobytes()


def test_a_crystal_that_does_not_start_is_reported(workspace, tmp_path):
    elf = workspace.builds / BOARD / ".pio" / "build" / BOARD / "firmware.elf"
    with Session(EasyDmaLink(elf, system(tmp_path, clock="stub"), BOARD), 120.0, 0) as device:
        assert device.sync() == BOARD
        assert "no 32 MHz crystal" in device.identity().warning
