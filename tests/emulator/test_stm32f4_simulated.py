"""The STM32F446's port on a simulated STM32F405, which has the same RCC, flash and USART.

What the F446 has beside it, the regulator's overdrive and TIM11, is played by the test: registers
in memory, which it answers as the reference manual says.
"""

import numpy as np
import pytest

from tests.simulated import SimulatedLink, for_cortex_m3, system_file
from tinyssl.build import build
from tinyssl.config import BuildConfig
from tinyssl.device import Session
from tinyssl.records import Workspace
from tinyssl.verify import TflmInterpreter

pytestmark = pytest.mark.emulator

BOARD = "nucleo_f446re"
REGIONS = """\
  - name: "dcb"
    base: 0xE000EDF0
    size: "16B"
  - name: "tim11"
    base: 0x40014800
    size: "1KB"
  - name: "pwr_f446"
    base: 0x40007000
    size: "1KB"
"""
PWR_CR, PWR_CSR = 0x40007000, 0x40007004
TIM11_CR1, TIM11_SR, TIM11_CCR1 = 0x40014800, 0x40014810, 0x40014834
NVIC_ISPR1, USART2_PENDING = 0xE000E204, 1 << 6
HSI_HZ, DIVIDER = 16_000_000, 64


class F446Link(SimulatedLink):
    """Overdrive that becomes ready, and captures of a clock of `hse` at OSC_IN (0: none come)."""

    uart = "uart2"

    def __init__(self, *args: object, hse: int, overdrive: bool = True) -> None:
        self.hse, self.overdrive = hse, overdrive
        super().__init__(*args)

    def feed(self, data: bytes) -> None:
        """The simulated USART holds the bytes, but does not ask for its interrupt."""
        super().feed(data)
        self.sim.write_u32(NVIC_ISPR1, USART2_PENDING)

    def advance(self) -> None:
        sim = self.sim
        captures = self.hse and sim.read_u32(TIM11_CR1)
        sim.run_for("1us" if captures else "200us")
        if captures and not sim.read_u32(TIM11_SR):
            passed = HSI_HZ * DIVIDER // self.hse
            sim.write_u32(TIM11_CCR1, (sim.read_u32(TIM11_CCR1) + passed) & 0xFFFF)
            sim.write_u32(TIM11_SR, 2)
        if self.overdrive:  # ODRDY and ODSWRDY follow ODEN and ODSWEN
            sim.write_u32(PWR_CSR, sim.read_u32(PWR_CR) & 0x30000)


@pytest.fixture(scope="module")
def elf(tmp_path_factory, tiny_tflite):
    """The tiny model's image, compiled for what the simulator executes."""
    made = Workspace(tmp_path_factory.mktemp("f446"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYSSL_BOARDS", str(for_cortex_m3(BOARD, made.root / "boards")))
        build(BuildConfig(board=BOARD, model=tiny_tflite, kernels="reference"), made)
    return made.builds / BOARD / ".pio" / "build" / BOARD / "firmware.elf"


def system(folder):
    """The F405 without its own PWR, whose place the test's registers take."""
    path = system_file("stm32f405", folder, regions=REGIONS)
    chip = folder / "chips" / "chip.yaml"
    before, after = chip.read_text().split('  - id: "pwr"', 1)
    chip.write_text(before + '  - id: "' + after.split('  - id: "', 1)[1])
    return path


def test_boots_at_180_mhz_answers_and_infers_as_tflm_does(elf, tiny_tflite, tmp_path):
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 1, 8, 8, 3), dtype=np.uint8)
    with Session(F446Link(elf, system(tmp_path), BOARD, hse=8_000_000), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert (identity.ticks_per_second, identity.warning) == (180_000_000, "")
        for image in pixels:
            answer = device.infer(image.tobytes())
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert answer.output == expected.tobytes()


@pytest.mark.parametrize(
    ("trouble", "warning", "hertz"),
    [
        ({"hse": 25_000_000}, "is not 8 MHz", 180_000_000),
        ({"hse": 0}, "could not be measured", 180_000_000),
        ({"hse": 8_000_000, "overdrive": False}, "overdrive not ready", 16_000_000),
    ],
)
def test_what_does_not_come_up_is_reported(elf, tmp_path, trouble, warning, hertz):
    with Session(F446Link(elf, system(tmp_path), BOARD, **trouble), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert warning in identity.warning
        assert identity.ticks_per_second == hertz
