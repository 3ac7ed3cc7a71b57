"""The flash log compiled for this computer, over a flash that a test provides."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.build_script import WARNINGS, WARNINGS_OF_C
from tests.gcov import COUNT_LINES
from tinyssl.core.paths import firmware_folder
from tinyssl.targets.boards import find_board
from tinyssl.targets.ports import flash_driver

HERE = Path(__file__).parent
FLAGS = ("-std=c11", "-O1", "-g", *WARNINGS, *WARNINGS_OF_C, *COUNT_LINES)
POWER_FLAGS = (*FLAGS, "-fsanitize=undefined", "-fno-sanitize-recover=all")

ASSEMBLY = re.compile(r"__asm__ volatile\((?:[^()\"]|\"[^\"\n]*\"|\([^()]*\))*\);")
REPLACED = {
    "#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))": "#include <chip.h>\n"
    "#define REG32(address) (*chip_register(address))",
    '__asm__ volatile("cpsid f" ::: "memory");': "chip_faults_off = true;",
    '__asm__ volatile("cpsie f" ::: "memory");': "chip_faults_off = false;",
    '__asm__ volatile("csrrci %0, mstatus, 8" : "=r"(status)::"memory");': "chip_faults_off = true;"
    "\n    status = MSTATUS_MIE;",
    '__asm__ volatile("csrs mstatus, %0" ::"r"(enabled) : "memory");': "chip_faults_off = "
    "!enabled;",
    "poll < polls; poll++) {": "poll < polls && poll < 1000u; poll++) {\n        chip_tick();",
    '#include "tinyssl_build.h"': '#include <chip.h>\n#include "tinyssl_build.h"',
    "to[i] = from[i];": "chip_store(&to[i], from[i]);",
    "to[word] = from[word];": "chip_store(&to[word], from[word]);",
    "data[i] = from[i];": "data[i] = chip_load(&from[i]);",
    "0x700000u": "0u",
    "IDLE_POLLS = 2000000": "IDLE_POLLS = 1000",
}
"""Text of a driver or a header -> what stands there in a test"""


@dataclass(frozen=True)
class Layout:
    """A range of flash."""

    sectors: tuple[int, ...]
    """Bytes of each"""
    unit: int
    """Bytes that are written at once"""
    origin: int = 0

    def header(self) -> str:
        """Text of tinyssl_build.h."""
        sectors = ", ".join(f"{size}u" for size in self.sectors)
        return (
            f"#define TINYSSL_STORE_ORIGIN {self.origin:#x}u\n"
            f"#define TINYSSL_STORE_SECTORS {sectors}\n"
            f"#define TINYSSL_STORE_WRITE_UNIT {self.unit}u\n"
        )


def log_sources() -> list[Path]:
    """The log itself, without any flash."""
    firmware = firmware_folder()
    return [*sorted((firmware / "storage").glob("*.c")), firmware / "protocol" / "crc32.c"]


def compile_log(
    folder: Path, layout: Layout, sources: Sequence[Path], flags: Sequence[str] = FLAGS
) -> Path:
    """The log and `sources`, as a program or, with `-shared`, as a library.

    `folder` comes first among the includes.
    """
    firmware = firmware_folder()
    (folder / "tinyssl_build.h").write_text(layout.header())
    places = (folder, HERE, *(firmware / name for name in ("storage", "port", "protocol")))
    result = folder / "log"
    files: list[str | Path] = [*log_sources(), *sources, "-o", result]
    subprocess.run(["gcc", *flags, *(f"-I{place}" for place in places), *files], check=True)
    return result


def chip_sources(board: str, folder: Path) -> list[Path]:
    """The driver of a board's flash, its instructions and registers replaced by those of `chip.h`.

    Returns:
        Its C files, beside the headers in `folder`.
    """
    target = find_board(board)
    assert target.tinyssl.store is not None
    sources = []
    for name, path in flash_driver(target, target.tinyssl.store.driver).files.items():
        text = path.read_text()
        for old, new in REPLACED.items():
            text = text.replace(old, new)
        (folder / name).write_text(ASSEMBLY.sub(";", text))
        if name.startswith("flash_") and path.suffix == ".c":
            sources.append(folder / name)
    return sources


def run_power(program: Path, environment: dict[str, str]) -> tuple[int, int, int]:
    """Runs a program of `power.c`: operations of its flash, erases among them, and how many of
    them were cut off.

    Raises:
        AssertionError: Something was lost; says what.
    """
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = done.stdout.split()
    return int(words[0]), int(words[2]), int(words[4])
