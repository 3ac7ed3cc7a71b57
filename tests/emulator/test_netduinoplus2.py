"""The STM32F4's port on QEMU's STM32F405, which has its USART, NVIC and flash, and no RCC.

Every ready bit of the clocks therefore times out: the port must say so, and answer.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.errors import DeviceError
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session, open_link
from tinyssl.project import stop_emulators
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

BOARD = "netduinoplus2"


@pytest.fixture(scope="module")
def running(
    tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, str]]:
    workspace = Workspace(tmp_path_factory.mktemp("netduino"))
    build(BuildConfig(board=BOARD, model=tiny_tflite), workspace)
    yield workspace, flash(FlashConfig(board=BOARD), workspace).port
    stop_emulators(workspace)


def test_what_does_not_come_up_is_reported_and_it_infers_as_tflm_does(
    running, tiny_tflite: Path
) -> None:
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (8, 1, 8, 8, 3), dtype=np.uint8)
    with Session(open_link(running[1], 115200), 20.0, 2) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert identity.warning == "PLL not locked, running at 16 MHz"
        assert identity.ticks_per_second == 16_000_000
        assert identity.reset == "power-on"
        for image in pixels:
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert device.infer(image.tobytes()).output == expected.tobytes()
        with pytest.raises(DeviceError, match="no watchdog that waits 5000 ms"):
            device.watchdog(5.0)  # its registers are not there
        device.reset()
        assert device.identity().reset == "software"


def test_instructions_come_from_the_emulated_timer_not_from_the_clock_that_is_reported(
    running,
) -> None:
    workspace, _ = running
    found = bench(BenchConfig(board=BOARD, runs=3, accuracy=False), workspace).results
    macs = sum(op["macs"] for op in BuildInfo.load(workspace.builds / BOARD).ops)
    assert found["tick_unit"] == "instructions"
    assert macs < found["latency"]["median"] < 40 * macs
