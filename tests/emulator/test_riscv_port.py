"""The RISC-V start-up and port under QEMU, with a main() that is only a test."""

import re
import subprocess
import time

import pytest

from tinyssl.boards import find_board
from tinyssl.build.project import PORTS, linker_script
from tinyssl.paths import firmware_folder

pytestmark = pytest.mark.emulator

HEADER = """
#define TINYSSL_CLOCK_HZ 1000000000u
#define TINYSSL_BAUD 115200u
"""

MAIN = r"""
#include <stdint.h>

#include "port.h"
#include "tinyssl_build.h"

#define BOOTS (*(volatile uint32_t *)0x80700000u) /* memory that no section covers */

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

int main(void)
{
    port_init();
    say(initialised == 7 && zeroed == 0 ? "data is fresh\n" : "data is stale\n");
    initialised = 9;
    zeroed = 9;
    uint32_t used, size;
    port_stack(&used, &size);
    say(size == 8192 && used > 16 && used < 1024 ? "stack measured\n" : "stack wrong\n");
    switch (BOOTS++) {
    case 0:
        say(check_wait());
        port_reset();
    case 1:
        (void)*(volatile uint32_t *)0xF0000000u; /* nothing is there: an access fault */
    case 2:
        __asm__ volatile("fadd.s f0, f0, f0"); /* the core has no floating point */
    case 3:
        return overflow((volatile char *)&used);
    default:
        say("end\n");
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
}
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """All that the test firmware writes."""
    folder = tmp_path_factory.mktemp("port")
    board = find_board("riscv32_virt")
    (folder / "tinyssl_build.h").write_text(HEADER)
    (folder / "main.c").write_text(MAIN)
    (folder / "linker.ld").write_text(linker_script(board))
    port = firmware_folder() / "port"
    gcc = ["riscv64-unknown-elf-gcc", "-mabi=ilp32", "--specs=picolibc.specs"]
    flags = ["-march=rv32imfc_zicsr", "-msmall-data-limit=0", "-O2", "-Wall", "-Wextra", "-Werror"]
    flags += ["-Wno-implicit-fallthrough", "-Wno-infinite-recursion", "-I", port, "-I", folder]
    sources = [folder / "main.c"]
    sources += [port / name for name in PORTS["riscv_virt"] if name.endswith(".c")]
    objects = []
    for source in sources:
        objects.append(folder / f"{source.stem}.o")
        compile_one = [*gcc, *flags, "-c", source, "-o", objects[-1]]
        subprocess.run(compile_one, check=True, timeout=60)
    link = ["-march=rv32im", "-nostartfiles", "-T", folder / "linker.ld"]
    subprocess.run([*gcc, *link, "-o", folder / "main.elf", *objects], check=True, timeout=60)
    text = folder / "output"
    assert board.tinyssl.emulator is not None
    qemu = [part.replace("{elf}", "main.elf") for part in board.tinyssl.emulator.command]
    qemu += ["-display", "none", "-monitor", "none", "-serial", f"file:{text}"]
    with subprocess.Popen(qemu, cwd=folder) as process:
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            if text.exists() and "end\n" in text.read_text():
                break
            time.sleep(0.05)
        process.kill()
    return text.read_text()


def test_a_wait_sleeps_as_long_as_it_was_told(output):
    assert "waited 2 ms" in output


def test_every_start_has_fresh_data_and_a_painted_stack(output):
    assert output.count("data is fresh") == 5
    assert output.count("stack measured") == 5


def test_a_trap_names_the_place_and_the_cause_and_restarts(output):
    found = re.findall(r"e-\[trap pc=0x(\w{8}) cause=0x(\w{8}) address=0x(\w{8})\]", output)
    reports = [[int(text, 16) for text in report] for report in found]
    pcs, causes, addresses = zip(*reports, strict=True)
    assert causes == (5, 2, 7)  # load access fault, illegal instruction, store access fault
    assert addresses[0] == 0xF0000000
    assert all(0x80000000 < pc < 0x80010000 for pc in pcs)
    assert 0x803F0000 <= addresses[2] < 0x80400000  # the guard below the stack
    assert output.rstrip().endswith("end")
