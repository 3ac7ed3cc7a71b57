"""Images of real boards with the log of learnt parameters: where all lies, and what may run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.port_program import Compiler, compile_port
from tinyssl.targets.boards import find_board

MAIN = r"""
#include "flash_log.h"
#include "restart.h"

int main(void)
{
    (void)check_start, (void)check_wait, (void)overflow;
    static uint8_t parameters[100];
    const struct flash_log_part part = {parameters, sizeof parameters};
    port_init();
    flash_log_load(1, &part, 1);
    return (int)flash_log_save(1, &part, 1);
}
"""
THUMB = ("-mthumb", "-mcpu=cortex-m4", "--specs=nano.specs", "--specs=nosys.specs")
RISCV = ("-mabi=ilp32", "--specs=picolibc.specs")
ARM = Compiler("arm-none-eabi-gcc", THUMB, THUMB)
RV32 = Compiler(
    "riscv64-unknown-elf-gcc",
    ("-march=rv32imc_zicsr", "-msmall-data-limit=0", *RISCV),
    ("-march=rv32im", "-Wl,--no-warn-rwx-segments", *RISCV),
)
BOARDS = ("nucleo_l4r5zi", "nucleo_h743zi", "nucleo_f446re")
"""That of an nRF52840 is linked in tests/emulator/test_flash_log_simulated.py."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made: dict[str, Path] = {}
    for board in BOARDS:
        made[board] = compile_port(board, MAIN, ARM, tmp_path_factory.mktemp(board), stores=True)
    folder = tmp_path_factory.mktemp("esp32c3")
    made["esp32c3"] = compile_port("esp32-c3-devkitm-1", MAIN, RV32, folder, stores=True)
    return made


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}


@pytest.mark.parametrize("board", BOARDS)
def test_no_byte_of_an_image_lies_where_its_parameters_are_stored(image, board) -> None:
    store = find_board(board).tinyssl.store
    assert store is not None
    with image[board].open("rb") as file:
        segments = [part for part in ELFFile(file).iter_segments() if part["p_filesz"]]
    assert segments
    for segment in segments:
        start, end = segment["p_paddr"], segment["p_paddr"] + segment["p_filesz"]
        assert end <= store.origin or start >= store.end, hex(start)


def test_the_nmi_of_an_stm32l4_goes_to_the_flash_and_that_of_others_to_the_fault(image) -> None:
    for board, elsewhere in (("nucleo_l4r5zi", True), ("nucleo_h743zi", False)):
        names = symbols(image[board])
        with image[board].open("rb") as file:
            vectors = ELFFile(file).get_section_by_name(".vectors").data()
        nmi = int.from_bytes(vectors[8:12], "little")
        assert nmi == names["nmi_entry"]
        assert (nmi != names["fault_entry"]) == elsewhere


def test_what_runs_while_the_flash_of_an_esp32c3_is_busy_lies_in_ram_and_calls_nothing(
    image,
) -> None:
    """Nor does it read a constant: all that it names is registers, the stack, and itself."""
    names = symbols(image["esp32c3"])
    sram = find_board("esp32-c3-devkitm-1").region("data")
    for name in ("change", "fetch"):
        assert sram.origin <= names[name] < sram.end
    text = subprocess.run(
        ["riscv64-unknown-elf-objdump", "-d", "-j", ".data", "-M", "no-aliases", image["esp32c3"]],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    text = text[text.index("<change>:") :]
    body = re.findall(r"^ *[0-9a-f]+:\t[0-9a-f]+ +\t(\S+)(?:\t(.*))?$", text, re.MULTILINE)
    assert len(body) > 50
    calls = [f"{op} {rest}" for op, rest in body if re.match(r"(c\.)?jalr?$|auipc", op)]
    assert {call.split(",")[0] for call in calls} <= {"jal zero"}
    pages = {int(rest.split(",")[1], 16) for op, rest in body if op in ("lui", "c.lui")}
    assert 0x60002 in pages  # the controller's registers
    for start in (0x3C000, 0x42000):  # the flash, as data and as code
        assert not pages & set(range(start, start + 0x400))
