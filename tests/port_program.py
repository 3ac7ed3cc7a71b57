"""A port's start-up and functions under QEMU, with a main() that is only a test."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.flash.build import Layout
from tinyssl.core.paths import firmware_folder
from tinyssl.project.project import linker_script
from tinyssl.targets.boards import find_board
from tinyssl.targets.ports import board_port, flash_driver
from tinyssl.targets.store import with_store

HEADER = """
#define TINYSSL_CLOCK_HZ {clock}u
#define TINYSSL_BAUD 115200u
"""

PRELUDE = r"""
#include <stdint.h>

#include "port.h"
#include "tinyssl_build.h"

static int initialised = 7;
static int zeroed;

static void say(const char *text)
{
    size_t length = 0;
    while (text[length]) {
        length++;
    }
    port_write((const uint8_t *)text, length);
}

/* Of every start. */
static void check_start(void)
{
    say(initialised == 7 && zeroed == 0 ? "data is fresh\n" : "data is stale\n");
    initialised = 9;
    zeroed = 9;
    uint32_t used, size;
    port_stack(&used, &size);
    say(size == 8192 && used > 16 && used < 1024 ? "stack measured\n" : "stack wrong\n");
    say("started by ");
    say(port_reset_cause());
    say("\n");
}

/* The shortest of several: while the core sleeps the emulator's clock follows this computer's,
 * which can only be late. */
static const char *check_wait(void)
{
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 50; i++) {
        uint8_t byte;
        uint64_t start = port_ticks();
        if (port_read(&byte, 1, 2000) != 0) {
            return "a byte from nowhere\n";
        }
        uint64_t waited = port_ticks() - start;
        if (waited < shortest) {
            shortest = waited;
        }
    }
    return shortest >= TINYSSL_CLOCK_HZ / 501 && shortest < TINYSSL_CLOCK_HZ / 400
               ? "waited 2 ms\n"
               : "bad wait\n";
}

static __attribute__((noinline)) int overflow(volatile char *parent)
{
    volatile char block[1024];
    block[0] = parent[0];
    return overflow(block) + block[0];
}
"""

DEAD_LINE = r"""
#include "fault.h"

volatile uint32_t progress; /* 1: reports, 3: the report restarted it */

int main(void)
{
    (void)check_start, (void)check_wait, (void)overflow;
    progress = restart_cause()[0] == 'f' ? 3 : 1;
    port_init();
    if (progress == 3) {
        say("started by fault\nend\n");
        for (;;) {
        }
    }
    KILL_LINE
    fault_begin();
    for (int i = 0; i < 20; i++) {
        fault_value("value", 0);
    }
    fault_end(RESTART_FAULT);
}
"""
"""Reports a fault to a line that takes nothing from KILL_LINE on"""

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-implicit-fallthrough", "-Wno-infinite-recursion")


@dataclass(frozen=True)
class Compiler:
    """A compiler and its options for one core."""

    program: str
    core: Sequence[str]
    link: Sequence[str]


def compile_port(
    board: str, main: str, compiler: Compiler, folder: Path, *, stores: bool = False
) -> Path:
    """The board's port with `PRELUDE` and `main` in place of the application; returns the ELF.

    With `stores`, the log of `firmware/storage/` and the board's flash too.
    """
    target = with_store(find_board(board)) if stores else find_board(board)
    header = HEADER.format(clock=target.tinyssl.clock_hz)
    (folder / "main.c").write_text(PRELUDE + main)
    (folder / "linker.ld").write_text(linker_script(target))
    port, protocol = firmware_folder() / "port", firmware_folder() / "protocol"
    storage = firmware_folder() / "storage"
    files = dict(board_port(target).files)
    sources = [folder / "main.c"]
    if stores:
        store = target.tinyssl.store
        assert store is not None
        files |= flash_driver(target, store.driver).files
        sources += [*sorted(storage.glob("*.c")), protocol / "crc32.c"]
        header += Layout(store.sector_bytes, store.write_unit, store.origin).header()
    (folder / "tinyssl_build.h").write_text(header)
    sources += [path for path in files.values() if path.suffix == ".c"]
    objects: list[Path] = []
    for source in sources:
        objects.append(folder / f"{source.stem}.o")
        command: list[str | Path] = [compiler.program, *compiler.core, "-O2", *WARNINGS]
        command += ["-I", port, "-I", protocol, "-I", storage, "-I", folder]
        subprocess.run([*command, "-c", source, "-o", objects[-1]], check=True, timeout=60)
    elf = folder / "main.elf"
    command = [compiler.program, *compiler.link]
    command += ["-nostartfiles", "-T", folder / "linker.ld"]
    subprocess.run([*command, "-o", elf, *objects], check=True, timeout=60)
    return elf


def run(board: str, elf: Path, seconds: float = 20.0) -> str:
    """All that the program writes until it says "end", or the time is over."""
    emulator = find_board(board).tinyssl.emulator
    assert emulator is not None
    text = elf.parent / "output"
    qemu = [part.replace("{elf}", str(elf)) for part in emulator.command]
    qemu += ["-display", "none", "-monitor", "none", "-serial", f"file:{text}"]
    with subprocess.Popen(qemu, cwd=elf.parent) as process:
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            if text.exists() and "end\n" in text.read_text():
                break
            time.sleep(0.05)
        process.kill()
    return text.read_text()


def check_starts(output: str, starts: Sequence[str]) -> None:
    """Each start had fresh data and a painted stack, and named its cause; then came the end."""
    assert output.count("data is fresh") == len(starts)
    assert output.count("stack measured") == len(starts)
    causes = [line.split()[-1] for line in output.splitlines() if line.startswith("started by ")]
    assert causes == list(starts)
    assert output.rstrip().endswith("end")
