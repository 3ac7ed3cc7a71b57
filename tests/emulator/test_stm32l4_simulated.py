"""The STM32L4R5's port on a simulated STM32L476, which has the same RCC, PWR, flash and LPUART.

What the L4R5 has beside it is given to its file: more memory, port G. TIM16, whose captures of the
crystal the simulator does not know, is played by the test.
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
from tinyssl.core.errors import DeviceError
from tinyssl.device import Session

pytestmark = pytest.mark.emulator

BOARD = "nucleo_l4r5zi"
TIMER = 0x40014400
REGIONS = memory_regions(
    dcb=(0xE000EDF0, "16B"), tim16_by_test=(TIMER, "1KB"), sram2_and_3=(0x20018000, "544KB")
)
GPIOG = """\
  - id: "gpiog"
    type: "gpio"
    base_address: 0x48001800
    size: "1KB"
    config:
      profile: "stm32v2"
    clock: { reg: "ahb2enr", bit: 6 }
"""
RCC_CR, RCC_PLLCFGR, RCC_CSR = 0x40021000, 0x4002100C, 0x40021094
PWR_CR2, PWR_CR5, FLASH_ACR = 0x40007004, 0x40007080, 0x40022000
GPIOG_MODER, GPIOG_AFRL, GPIOG_AFRH = 0x48001800, 0x48001820, 0x48001824
LPUART_BRR = 0x4000800C
LOCKED_HZ, LSE_HZ = 122 * 32768 * 30, 32768
"""MSI at 122 times the crystal (RM0432, table of its ranges), times 60, by 2"""


class L4Link(Stm32Link):
    """Captures of the crystal while the core runs at `hertz` (0: none come)."""

    uart = "lpuart1"
    timer = TIMER
    pending = (0xE000E208, 1 << 6)

    def __init__(self, *args: Any, hertz: int = LOCKED_HZ) -> None:
        self.capture_ticks = hertz * 8 // LSE_HZ
        super().__init__(*args)


@pytest.fixture(scope="module")
def elf(tmp_path_factory, tiny_tflite):
    return build_for_simulator(BOARD, tiny_tflite, tmp_path_factory.mktemp("l4r5"))


def system(folder):
    path = system_file("stm32l476", folder, regions=REGIONS, peripherals=GPIOG)
    return change(path, without="tim16", **{'size: "1024KB"': 'size: "2048KB"'})


def test_boots_at_120_mhz_answers_and_infers_as_tflm_does(elf, tiny_tflite, tmp_path):
    link = L4Link(elf, system(tmp_path), BOARD)
    with Session(link, 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert identity.warning == ""
        assert identity.ticks_per_second == pytest.approx(LOCKED_HZ, rel=1e-4)
        check_inferences(device, tiny_tflite)
        read = link.sim.read_u32
        assert read(RCC_CR) & 1 << 2  # the crystal trims the MSI
        assert read(RCC_PLLCFGR) & 3 == 1  # which feeds the PLL
        assert not read(PWR_CR5) & 1 << 8  # boost
        assert read(FLASH_ACR) & 0xF == 5
        assert read(PWR_CR2) & 1 << 9  # VddIO2: without it, port G is dead on silicon
        assert read(GPIOG_MODER) >> 14 & 0xF == 0b1010
        assert (read(GPIOG_AFRL) >> 28, read(GPIOG_AFRH) & 0xF) == (8, 8)
        baud = 256 * identity.ticks_per_second / read(LPUART_BRR)
        assert baud == pytest.approx(921_600, rel=1e-4)


def test_the_watchdog_is_armed_within_what_it_can_wait(elf, tmp_path):
    link = L4Link(elf, system(tmp_path), BOARD)
    with Session(link, 120.0, 0) as device:
        device.sync()
        assert device.watchdog(2.0) == 2.0
        assert link.sim.read_u32(0x40003004) == 6  # by 256
        assert link.sim.read_u32(0x40003008) == 249  # 250 counts of 8 ms
        with pytest.raises(DeviceError, match="no watchdog that waits 40000 ms"):
            device.watchdog(40.0)


@pytest.mark.parametrize(
    ("flags", "cause"),
    [(1 << 29, "watchdog"), (1 << 28, "software"), (1 << 27, "power-on"), (0, "pin")],
)
def test_the_reset_register_is_read_before_it_is_cleared(elf, tmp_path, flags, cause):
    class Restarted(L4Link):
        first = ((RCC_CSR, flags | 1 << 26),)  # the pin is low in every reset

    link = Restarted(elf, system(tmp_path), BOARD)
    with Session(link, 120.0, 0) as device:
        device.sync()
        assert device.identity().reset == cause
        assert link.sim.read_u32(RCC_CSR) & 1 << 23  # RMVF was written


@pytest.mark.parametrize(
    ("hertz", "warning", "reported"),
    [(0, "are not measured", 120_000_000), (100_000_000, "more than 0.5 % off", 100_000_000)],
)
def test_what_is_not_as_it_should_be_is_reported(elf, tmp_path, hertz, warning, reported):
    with Session(L4Link(elf, system(tmp_path), BOARD, hertz=hertz), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert warning in identity.warning
        assert identity.ticks_per_second == pytest.approx(reported, rel=1e-4)
