"""Arduino sketches as programs of this computer: `tests/arduino/` is the core, host.c its line."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.host_firmware import SANITIZERS
from tinyssl.core.paths import firmware_folder

CORE = Path(__file__).parent / "arduino"
HOST_PORT = (
    *("init", "read", "write", "ticks", "ticks_per_second", "stack", "pulse", "reset"),
    *("reset_cause", "watchdog", "watchdog_feed"),
)
RENAMED = [f"-Dport_{name}=host_{name}" for name in HOST_PORT]
MICROS_START = 2**32 - 1_000_000
"""micros() when the program starts: a second before it wraps"""


def compile_sketch(
    folder: Path,
    sources: Sequence[Path],
    includes: Sequence[Path],
    defines: Sequence[str] = ("ARDUINO_ARCH_STM32",),
) -> Path:
    """Compiles C, C++ and .ino files with the stand-in core; returns the program."""
    common = ["-g", "-O0", "-Wall", "-Wextra", "-Werror", *SANITIZERS, "-DARDUINO=10819"]
    common += [f"-I{path}" for path in (CORE, *includes)] + [f"-D{name}" for name in defines]
    objects = []
    port = firmware_folder() / "port"
    jobs: list[tuple[Path, list[str]]] = [(path, []) for path in (*sources, CORE / "Arduino.cpp")]
    jobs.append((port / "host.c", [*RENAMED, f"-I{port}"]))
    for number, (path, extra) in enumerate(jobs):
        target = folder / f"{number}-{path.stem}.o"
        language = (
            ["gcc", "-std=gnu11"]
            if path.suffix == ".c"
            else ["g++", "-std=gnu++17", f"-DTEST_MICROS_START={MICROS_START}u"]
        )
        if path.suffix == ".ino":
            language += ["-x", "c++", "-include", "Arduino.h"]
        subprocess.run([*language, *common, *extra, "-c", path, "-o", target], check=True)
        objects.append(target)
    program = folder / "sketch.elf"
    subprocess.run(["g++", *SANITIZERS, *objects, "-o", program], check=True)
    return program
