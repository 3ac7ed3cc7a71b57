"""The flash log compiled for this computer, over a flash that a test provides."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.build_script import WARNINGS, WARNINGS_OF_C
from tests.gcov import COUNT_LINES
from tinyssl.core.paths import firmware_folder

HERE = Path(__file__).parent
FLAGS = ("-std=c11", "-O1", "-g", *WARNINGS, *WARNINGS_OF_C, *COUNT_LINES)
POWER_FLAGS = (*FLAGS, "-fsanitize=undefined", "-fno-sanitize-recover=all")


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


def run_power(program: Path, environment: dict[str, str]) -> tuple[int, int]:
    """Runs a program of `power.c`: how many operations its flash did, and how many were cut off.

    Raises:
        AssertionError: Something was lost; says what.
    """
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = done.stdout.split()
    return int(words[0]), int(words[2])
