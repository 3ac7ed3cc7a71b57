"""The STM32F446's port on a simulated STM32F405, which has the same RCC, flash and USART.

What the F446 has beside it, the regulator's overdrive and TIM11, is played by the test: registers
in memory, which it answers as the reference manual says.
"""

from typing import Any

import pytest

from tests.simulated import (
    Stm32Link,
    build_for_simulator,
    change,
    check_inferences,
    memory_regions,
    system_file,
)
from tinyssl.device import Session

pytestmark = pytest.mark.emulator

BOARD = "nucleo_f446re"
PWR_CR, PWR_CSR = 0x40007000, 0x40007004
REGIONS = memory_regions(
    dcb=(0xE000EDF0, "16B"), tim11=(0x40014800, "1KB"), pwr_f446=(PWR_CR, "1KB")
)
HSI_HZ, EDGE_HZ_OF_HSE = 16_000_000, 64


class F446Link(Stm32Link):
    """Overdrive that becomes ready, and captures of a clock of `hse` at OSC_IN (0: none come)."""

    uart = "uart2"
    timer = 0x40014800
    pending = (0xE000E204, 1 << 6)

    def __init__(self, *args: Any, hse: int, overdrive: bool = True) -> None:
        self.capture_ticks = HSI_HZ * EDGE_HZ_OF_HSE // hse if hse else 0
        self.overdrive = overdrive
        super().__init__(*args)

    def advance(self) -> None:
        super().advance()
        if self.overdrive:  # ODRDY and ODSWRDY follow ODEN and ODSWEN
            self.sim.write_u32(PWR_CSR, self.sim.read_u32(PWR_CR) & 0x30000)


@pytest.fixture(scope="module")
def elf(tmp_path_factory, tiny_tflite):
    return build_for_simulator(BOARD, tiny_tflite, tmp_path_factory.mktemp("f446"))


def system(folder):
    """The F405 without its own PWR, whose place the test's registers take."""
    return change(system_file("stm32f405", folder, regions=REGIONS), without="pwr")


def test_boots_at_180_mhz_answers_and_infers_as_tflm_does(elf, tiny_tflite, tmp_path):
    with Session(F446Link(elf, system(tmp_path), BOARD, hse=8_000_000), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert (identity.ticks_per_second, identity.warning) == (180_000_000, "")
        check_inferences(device, tiny_tflite)


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
