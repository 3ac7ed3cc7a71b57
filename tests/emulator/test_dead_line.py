"""A fault restarts the board although its serial line takes no byte.

On simulated chips the UART's registers are memory, so it is started, and never ready. In QEMU the
UART is full for ever. The ESP32-C3 has its own file.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.port_program import DEAD_LINE, Compiler, compile_port, run
from tests.simulated import change, memory_regions, system_file

pytestmark = pytest.mark.emulator

FLAGS = ["-DTINYSSL_TX_PIN=6u", "-DTINYSSL_RX_PIN=8u", "-DLINE_POLLS=20000u"]
NANO = ["-mthumb", "--specs=nano.specs", "--specs=nosys.specs"]
SYSTICK = """\
  - id: "systick"
    type: "systick"
    base_address: 0xE000E010
    config:
      calib: 0x00000000
"""
DEBUG = {"dcb": (0xE000EDF0, "16B")}
NOTED_FAULT = 0x7A11D002
RESTARTED = 3


def f446(folder: Path) -> Path:
    places = {"tim11": (0x40014800, "1KB"), "power": (0x40007000, "1KB")}
    regions = memory_regions(**DEBUG, **places, line=(0x40004400, "1KB"))
    system = system_file("stm32f405", folder, regions=regions)
    return change(change(system, without="pwr"), without="uart2")


def h743(folder: Path) -> Path:
    places = {"caches": (0xE000EF50, "64B"), "tim17": (0x40014800, "1KB")}
    regions = memory_regions(**DEBUG, **places, line=(0x40004800, "1KB"))
    sizes = {'size: "1MiB"': 'size: "2MiB"', 'size: "320KiB"': 'size: "512KiB"'}
    return change(system_file("stm32h735", folder, regions=regions), without="usart3", **sizes)


def l4r5(folder: Path) -> Path:
    places = {"tim16": (0x40014400, "1KB"), "gpiog": (0x48001800, "1KB")}
    memory = {"sram2_and_3": (0x20018000, "544KB"), "line": (0x40008000, "1KB")}
    regions = memory_regions(**DEBUG, **places, **memory)
    return change(system_file("stm32l476", folder, regions=regions), without="lpuart1")


def nrf52840(folder: Path) -> Path:
    regions = memory_regions(**DEBUG, line=(0x40002000, "4KB"))
    system = system_file("nrf52840", folder, regions=regions, peripherals=SYSTICK)
    return change(system, without="uart0")


CHIPS = {
    "nucleo_f446re": f446,
    "nucleo_h743zi": h743,
    "nucleo_l4r5zi": l4r5,
    "nrf52840_dk": nrf52840,
}


@pytest.mark.parametrize("board", CHIPS)
def test_a_chip_restarts(board, tmp_path):
    core = ["-mcpu=cortex-m3", "-mthumb", *FLAGS]
    compiler = Compiler("arm-none-eabi-gcc", core, ["-mcpu=cortex-m3", *NANO])
    elf = compile_port(board, DEAD_LINE.replace("KILL_LINE", ""), compiler, tmp_path)
    labwired = pytest.importorskip("labwired", reason="needs labwired (pip install -e '.[dev]')")
    sim = labwired.Sim(elf, system=CHIPS[board](tmp_path))
    assert any(_restarts(sim) for _ in range(100))
    sim.close()


def _restarts(sim: Any) -> bool:
    """Whether it does within a millisecond; not every simulated chip obeys the request."""
    sim.run_for("1ms")
    note, progress = (sim.read_u32(sim.symbol(name)) for name in (NOTE, "progress"))
    return note == NOTED_FAULT or progress == RESTARTED


NOTE = "tinyssl_restart_note"

KILL_LINE = """
    REG32(UART + 8) = 0; /* control: nothing leaves */
    REG32(UART) = 'x';
    REG32(UART + 8) = 1; /* full, and the emulator does not look again */
"""
EMULATED = {
    "mps2_an500": (["-mcpu=cortex-m7", "-DUART=0x40004000u"]),
    "mps3_an547": (["-mcpu=cortex-m55", "-DUART=0x59303000u"]),
}


@pytest.mark.parametrize("board", EMULATED)
def test_an_emulated_board_restarts(board, tmp_path):
    core = [*EMULATED[board], "-mthumb", "-mfloat-abi=soft", "-DLINE_POLLS=20000u"]
    compiler = Compiler("arm-none-eabi-gcc", core, [*core[:1], *NANO])
    program = '#include "cortex_m.h"\n' + DEAD_LINE.replace("KILL_LINE", KILL_LINE)
    output = run(board, compile_port(board, program, compiler, tmp_path))
    assert output == "started by fault\nend\n"
