"""An emulated board that hangs or faults in an inference: what `bench` says of it.

The image is the tiny model's with a trap in its engine: an input of zeros hangs (asleep, so that
the emulator's time passes as fast as ours), one of ones reads where nothing is.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinyssl.bench.restarts import explain_reset
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.errors import DeviceError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.project import Flashed, stop_emulators
from tinyssl.project.platformio import pio_run
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

BOARD = "mps2_an386"
TRAP = """
    const int8_t *trap = engine_input(0);
    int zeros = 1, ones = 1;
    for (int i = 0; i < 192; i++) {
        zeros &= trap[i] == -128;
        ones &= trap[i] == -127;
    }
    while (zeros) {
        __asm__ volatile("wfi");
    }
    if (ones) {
        (void)*(volatile uint32_t *)0xF0000000u;
    }
    tinyssl_model_invoke_profiled(arena, hook, context);
"""


@pytest.fixture(scope="module")
def workspace(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three test images, of which the second hangs; the image runs."""
    made = Workspace(tmp_path_factory.mktemp("trapped"))
    images = np.random.default_rng(0).integers(2, 256, (3, 8, 8, 3), dtype=np.uint8)
    images[1] = 0
    with made.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        np.savez(
            run.file("test", "test.npz"),
            images=images,
            labels=np.zeros(3, np.int64),
            class_names=("a", "b", "c"),
        )
    build(BuildConfig(board=BOARD, check=False), made)
    project = made.builds / BOARD
    (engine,) = project.rglob("engine_aot.c")
    text = engine.read_text()
    call = "\n    tinyssl_model_invoke_profiled(arena, hook, context);\n"
    assert text.count(call) == 1
    engine.write_text(text.replace(call, TRAP))
    pio_run(project, timeout=120)
    flash(FlashConfig(board=BOARD), made)
    yield made
    stop_emulators(made)


def session(workspace: Workspace) -> Session:
    port = Flashed.load(workspace.builds / BOARD).port
    return Session(open_link(port, 115200), 60.0, 2)


def test_bench_says_that_the_watchdog_ended_a_hang_and_where(workspace: Workspace) -> None:
    config = BenchConfig(board=BOARD, runs=1, warmup=0, profile=False, timeout=120, watchdog=2)
    with pytest.raises(DeviceError) as caught:
        bench(config, workspace)
    assert "the watchdog reset the board during input 1 of the accuracy" in str(caught.value)
    assert "addr2line" in caught.value.hint
    record = workspace.all("bench")[-1]
    assert record.results["watchdog_seconds"] == 2
    assert record.results["device"]["reset"] == "power-on"
    assert record.results["latency"]["runs"] == 1  # what was measured before is kept
    with session(workspace) as device:
        device.sync()
        assert device.identity().reset == "watchdog"


def test_a_fault_is_shown_with_its_bits_address_and_place(workspace: Workspace) -> None:
    with session(workspace) as device:
        device.sync()
        with pytest.raises(DeviceError) as caught, explain_reset(device, "input 7"):
            device.infer(bytes([1]) * 192)
        text = str(caught.value)
        assert "a fault reset the board during input 7" in text
        assert "PRECISERR" in text
        assert "address 0xf0000000" in text
        place = int(text.split("pc=")[1], 16)
        assert "engine_invoke" in name_of(workspace, place)
        device.sync()
        assert device.identity().reset == "fault"


def test_a_restart_that_left_no_report_is_explained_by_its_cause(workspace: Workspace) -> None:
    with session(workspace) as device:
        device.sync()
        device.link.write(b"reset%")
        with pytest.raises(DeviceError) as caught, explain_reset(device, "the test"):
            device.infer(bytes([2]) * 192)
        assert "the board was reset (software) during the test" in str(caught.value)


def test_a_watchdog_that_outlasts_bench_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="is not shorter than --timeout 3 s"):
        bench(BenchConfig(board=BOARD, timeout=3, watchdog=3), workspace)


def name_of(workspace: Workspace, place: int) -> str:
    """The function at an address, by the command that the hint names."""
    elf = workspace.builds / BOARD / ".pio" / "build" / BOARD / "firmware.elf"
    command = ["arm-none-eabi-addr2line", "-fe", str(elf), hex(place)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
