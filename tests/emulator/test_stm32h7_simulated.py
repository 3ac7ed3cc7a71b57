"""The STM32H743's port on a simulated STM32H735, which has the same RCC, PWR, flash and USART.

What the H743 has more of is given to its file: flash, AXI SRAM, the chip's number. TIM17, whose
captures the simulator does not know, is played by the test; the overdrive's bit, which it has not
either, is not checked.
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

BOARD = "nucleo_h743zi"
TIMER = 0x40014800
REGIONS = memory_regions(
    dcb=(0xE000EDF0, "16B"), caches=(0xE000EF50, "64B"), tim17_by_test=(TIMER, "1KB")
)
HSI_HZ, EDGE_HZ_OF_HSE = 64_000_000, 64
RCC_PLL1DIVR, RCC_D1CFGR, FLASH_ACR = 0x58024430, 0x58024418, 0x52002000
GPIOD_MODER, GPIOD_AFRH, USART3_BRR = 0x58020C00, 0x58020C24, 0x4000480C


class H7Link(Stm32Link):
    """Captures of a clock of `hse` at OSC_IN (0: none come)."""

    uart = "usart3"
    timer = TIMER
    pending = (0xE000E204, 1 << 7)

    def __init__(self, *args: Any, hse: int = 8_000_000) -> None:
        self.capture_ticks = HSI_HZ * EDGE_HZ_OF_HSE // hse if hse else 0
        super().__init__(*args)


@pytest.fixture(scope="module")
def elf(tmp_path_factory, tiny_tflite):
    return build_for_simulator(BOARD, tiny_tflite, tmp_path_factory.mktemp("h743"))


def system(folder, revision="2003"):
    path = system_file("stm32h735", folder, regions=REGIONS)
    sizes = {'size: "1MiB"': 'size: "2MiB"', 'size: "320KiB"': 'size: "512KiB"'}
    return change(path, **sizes, **{"0x10016483": f"0x{revision}6450"})


def test_boots_at_480_mhz_answers_and_infers_as_tflm_does(elf, tiny_tflite, tmp_path):
    link = H7Link(elf, system(tmp_path), BOARD)
    with Session(link, 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert (identity.ticks_per_second, identity.warning) == (480_000_000, "")
        check_inferences(device, tiny_tflite)
        read = link.sim.read_u32
        assert read(RCC_PLL1DIVR) & 0x1FF == 479  # 2 MHz times 480, by 2
        assert read(RCC_D1CFGR) == 0x48  # buses at a half and a quarter
        assert read(FLASH_ACR) == 0x24
        assert read(GPIOD_MODER) >> 16 & 0xF == 0b1010
        assert read(GPIOD_AFRH) & 0xFF == 0x77
        assert 120_000_000 / read(USART3_BRR) == pytest.approx(115_200, rel=1e-3)


@pytest.mark.parametrize(
    ("revision", "hse", "warning", "hertz"),
    [
        ("1003", 8_000_000, "revision before V", 400_000_000),
        ("2003", 25_000_000, "is not 8 MHz", 480_000_000),
    ],
)
def test_what_is_not_as_it_should_be_is_reported(elf, tmp_path, revision, hse, warning, hertz):
    with Session(H7Link(elf, system(tmp_path, revision), BOARD, hse=hse), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert warning in identity.warning
        assert identity.ticks_per_second == hertz
