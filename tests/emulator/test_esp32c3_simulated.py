"""The ESP32-C3's port on a simulated chip: start-up, clock, UART and its interrupt, inference.

Where the simulator is not the chip, the test stands in:
- The flash is seen at one address only: the image is copied to where the data bus shows it.
- The core's cycle counter (CSR 0x7E2) counts 256 a cycle: the image is patched to read mcycle,
  which the chip lacks.
- The core takes the UART's interrupt as RISC-V's external one, which has the number 11 too, and
  wants it enabled in mie, which the chip lacks: the image is patched to do that at its start.
- The chip's file has a system timer that stands: it gets the ESP32-S3's, told the core's clock.
"""

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from tests.port_program import DEAD_LINE, Compiler, compile_port
from tests.simulated import ANSWER_STEPS, SimulatedLink, change, memory_regions, system_file
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session
from tinyssl.device.faults import find_fault
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build

pytestmark = pytest.mark.emulator

BOARD = "esp32-c3-devkitm-1"
IROM, DROM = 0x42000000, 0x3C000000
CYCLE_COUNTER, MCYCLE = 0x7E2, 0xB00
SYSTEM_OPCODE = 0x73
MAGIC = 0xAEDB041D
SPARE = 0x40
"""Unused words between the first code and the interrupts' table"""
JUMP_TO_SPARE = 0x0400006F
ENABLE = (0x000012B7, 0x80028293, 0x30429073, 0x30047073, 0xFB5FF06F)
"""lui t0, 1; addi t0, t0, -2048; csrw mie, t0; what stood at the start (csrci mstatus, 8); back"""
SYSTIMER = """\
  - id: "systimer"
    type: "esp32s3_systimer"
    base_address: 0x60023000
    config:
      cpu_clock_hz: {core_hz}
"""
RTC_RESET_STATE, RTC_STORE0, PLL_NOTE = 0x60008038, 0x60008050, 0x7A11D511
POWER_ON = 0x01
NOTED_FAULT = 0x7A11D002
ENVIRONMENT_CALL = 11
"""The one trap that the simulator takes: others end the simulation"""
MAIN = """
int main(void)
{
    (void)check_wait, (void)overflow;
    port_init();
    check_start();
    __asm__ volatile("ecall");
    return 0;
}
"""
TIMER_GROUP_0_WDT, WDT_ON = 0x6001F048, 1 << 31
FIFO_BYTES = 128
INFERENCE_STEPS = 6
"""Longer than the model's inference"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory, tiny_tflite) -> Path:
    """The tiny model's image, its cycle counter patched; the .bin beside it is as it was built."""
    workspace = Workspace(tmp_path_factory.mktemp("c3"))
    build(BuildConfig(board=BOARD, model=tiny_tflite), workspace)
    folder = workspace.builds / BOARD
    assert "warning:" not in (folder / "pio.log").read_text()
    elf = folder / BuildInfo.load(folder).artifacts["elf"]
    data = bytearray(elf.read_bytes())
    with elf.open("rb") as file:
        image = ELFFile(file)
        text, start = (image.get_section_by_name(name) for name in (".text", ".vectors"))
        place, size, first = text["sh_offset"], text["sh_size"], start["sh_offset"] + 8
    patched = 0
    for at in range(place, place + size - 2, 2):
        (word,) = struct.unpack_from("<I", data, at)
        if word >> 20 == CYCLE_COUNTER and word & 0x7F == SYSTEM_OPCODE:
            struct.pack_into("<I", data, at, word & 0xFFFFF | MCYCLE << 20)
            patched += 1
    assert patched > 1
    assert not any(data[first + SPARE : first + SPARE + 4 * len(ENABLE)][:4].strip(b"\x13\0"))
    data[first : first + 4] = struct.pack("<I", JUMP_TO_SPARE)
    data[first + SPARE : first + SPARE + 4 * len(ENABLE)] = struct.pack(f"<{len(ENABLE)}I", *ENABLE)
    elf.write_bytes(data)
    return elf


def system(folder: Path, core_hz: int = 160_000_000) -> Path:
    path = system_file("esp32c3", folder)
    chip = folder / "chips" / "chip.yaml"
    before, after = chip.read_text().split('  - id: "systimer"\n', 1)
    after = after[after.index('  - id: "io_mux"') :]
    chip.write_text(before + SYSTIMER.format(core_hz=core_hz) + after)
    return path


def compiler(*flags: str) -> Compiler:
    """Of the chip's core."""
    machine = ["-mabi=ilp32", "--specs=picolibc.specs"]
    core = ["-march=rv32imc_zicsr", "-msmall-data-limit=0", *machine, *flags]
    return Compiler("riscv64-unknown-elf-gcc", core, ["-march=rv32im", *machine])


def as_flash(elf: Path) -> None:
    """The image beside an ELF that PlatformIO did not make."""
    image = elf.with_suffix(".bin")
    command: list[str | Path] = ["riscv64-unknown-elf-objcopy", "-O", "binary", elf, image]
    subprocess.run(command, check=True, timeout=60)


class C3Link(SimulatedLink):
    """A chip whose flash is on the data bus too, with registers as a start finds them."""

    def __init__(self, elf: Path, system: Path, registers: dict[int, int]) -> None:
        self._image = elf.with_suffix(".bin").read_bytes()
        self._registers = registers
        super().__init__(elf, system, BOARD)

    def write(self, data: bytes) -> None:
        """As many at once as the UART holds, the rest after its interrupt."""
        for start in range(0, len(data), FIFO_BYTES):
            self.feed(data[start : start + FIFO_BYTES])
            self.advance()
        self._listen(ANSWER_STEPS)

    def advance(self) -> None:
        if self._image:
            image = self._image + bytes(-len(self._image) % 4)
            for index, (word,) in enumerate(struct.iter_unpack("<I", image)):
                self.sim.write_u32(DROM + 4 * index, word)
            for address, value in self._registers.items():
                self.sim.write_u32(address, value)
            self._image = b""
        super().advance()


def test_the_image_starts_where_direct_boot_looks(elf):
    """ESP32-C3 TRM, chip boot control: twice the magic, then the first code."""
    image = elf.with_suffix(".bin").read_bytes()
    assert struct.unpack_from("<II", image) == (MAGIC, MAGIC)
    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        assert symbols.get_symbol_by_name("reset_handler")[0]["st_value"] == IROM + 8


def test_constants_lie_in_the_flash_where_the_data_bus_shows_them(elf):
    with elf.open("rb") as file:
        image = ELFFile(file)
        constants = [
            part
            for part in image.iter_segments()
            if part["p_type"] == "PT_LOAD" and DROM <= part["p_vaddr"] < IROM and part["p_filesz"]
        ]
        constants = [part for part in constants if part["p_vaddr"] < DROM + (4 << 20)]
        assert constants
        for part in constants:
            assert part["p_vaddr"] - DROM == part["p_paddr"] - IROM


def test_boots_at_160_mhz_answers_and_infers_as_tflm_does(elf, tiny_tflite, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    expected = TflmInterpreter(tiny_tflite.read_bytes()).invoke((image ^ 0x80).view(np.int8))
    link = C3Link(elf, system(tmp_path), {RTC_RESET_STATE: POWER_ON})
    with Session(link, 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert identity.ticks_per_second == 160_000_000
        assert (identity.warning, identity.reset) == ("", "power-on")
        link.quiet_steps = INFERENCE_STEPS
        assert device.infer(image.tobytes()).output == expected.tobytes()
        memory = device.memory()
        assert 0 < memory.stack_used < memory.stack_bytes
        assert link.sim.read_u32(TIMER_GROUP_0_WDT) & WDT_ON == 0
        assert device.watchdog(2.5) == 2.5
        assert link.sim.read_u32(TIMER_GROUP_0_WDT) & WDT_ON
        assert link.sim.read_u32(TIMER_GROUP_0_WDT + 8) == 2500  # milliseconds
        assert link.sim.read_u32(TIMER_GROUP_0_WDT + 4) >> 16 == 40_000  # of the 40 MHz crystal


class DeadC3Link(C3Link):
    """The registers of the UART are memory: it takes no byte."""

    boot_steps = 50


def test_a_fault_restarts_although_the_line_takes_nothing(tmp_path: Path) -> None:
    program = DEAD_LINE.replace("KILL_LINE", "*(volatile uint32_t *)0x6000001Cu = 127u << 16;")
    elf = compile_port(BOARD, program, compiler("-DLINE_POLLS=20000u"), tmp_path)
    as_flash(elf)
    line = "memory_regions:\n" + memory_regions(line=(0x60000000, "512B"))
    path = change(system(tmp_path), without="uart0", **{"memory_regions:\n": line})
    link = DeadC3Link(elf, path, {RTC_RESET_STATE: POWER_ON})
    assert link.sim.read_u32(link.sim.symbol("tinyssl_restart_note")) == NOTED_FAULT
    link.close()


def test_a_trap_is_a_line_that_says_where(tmp_path: Path) -> None:
    trapping = compile_port(BOARD, MAIN, compiler(), tmp_path)
    as_flash(trapping)
    link = C3Link(trapping, system(tmp_path), {RTC_RESET_STATE: POWER_ON})
    started, line, _ = link.read(1.0).decode().split("\r\n")
    link.close()
    assert started == "data is fresh\nstack measured\nstarted by power-on\n"
    fault = find_fault(line)
    assert fault is not None
    assert fault.values["mcause"] == ENVIRONMENT_CALL
    with trapping.open("rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        assert 0 <= fault.values["pc"] - text["sh_addr"] < text["sh_size"]


@pytest.mark.parametrize(
    ("registers", "hertz", "warning", "cause"),  # a simulated tick has whole cycles: no 40 MHz
    [
        ({RTC_RESET_STATE: 0x09, RTC_STORE0: PLL_NOTE}, 32_000_000, "PLL does not run", "watchdog"),
        ({RTC_RESET_STATE: 0x03}, 80_000_000, "as measured", "software"),
    ],
)
def test_what_does_not_come_up_and_why_it_started_are_reported(
    elf, tmp_path, registers, hertz, warning, cause
):
    with Session(C3Link(elf, system(tmp_path, hertz), registers), 120.0, 0) as device:
        assert device.sync() == BOARD
        identity = device.identity()
        assert warning in identity.warning
        assert identity.ticks_per_second == pytest.approx(hertz, rel=0.001)
        assert identity.reset == cause
