"""The Cortex-M start-up, the MPS2 and MPS3 ports under QEMU, with a main() that is only a test."""

import re
import subprocess
import time

import pytest

from tinyssl.boards import find_board
from tinyssl.build.project import PORTS, linker_script
from tinyssl.paths import firmware_folder

pytestmark = pytest.mark.emulator

HEADER = """
#define TINYSSL_CLOCK_HZ {clock}u
#define TINYSSL_BAUD 115200u
"""

MAIN = r"""
#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

#define BOOTS REG32(0x20070000u) /* memory that no section covers: survives a reset */
#define CLOCK_VALUE REG32(0x40000004u)
#define COUNTER_LOW REG32(0x58100008u)
#define COUNTER_HIGH REG32(0x5810000Cu)

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

static const char *check_wrap(void)
{
#if __ARM_ARCH >= 8
    COUNTER_LOW = UINT32_MAX - 20000; /* the lower half wraps in 0.6 ms */
    COUNTER_HIGH = 0;
#else
    CLOCK_VALUE = 20000; /* the 32-bit timer wraps in 0.8 ms */
#endif
    uint64_t last = port_ticks();
    for (int i = 0; i < 100000; i++) {
        uint64_t now = port_ticks();
        if (now < last) {
            return "time ran backwards\n";
        }
        last = now;
    }
    return last >> 32 == 1 ? "time passed 2^32 ticks\n" : "time did not pass 2^32 ticks\n";
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
    return shortest >= TINYSSL_CLOCK_HZ / 500 && shortest < TINYSSL_CLOCK_HZ / 400
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
        say(check_wrap());
        say(check_wait());
        port_reset();
    case 1:
        (void)*(volatile uint32_t *)0xF0000000u; /* nothing is there: a bus fault */
    case 2:
        return overflow((volatile char *)&used);
    default:
        say("end\n");
        for (;;) {
            wait_for_interrupt();
        }
    }
}
"""


CPU = {
    "mps2_an385": ["-mcpu=cortex-m3"],
    "mps2_an386": ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
    "mps2_an500": ["-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"],
    "mps3_an547": ["-mcpu=cortex-m55", "-mfloat-abi=hard"],
}


@pytest.fixture(scope="module", params=CPU)
def output(request, tmp_path_factory):
    """All that the test firmware writes."""
    folder = tmp_path_factory.mktemp("port")
    board = find_board(request.param)
    (folder / "tinyssl_build.h").write_text(HEADER.format(clock=board.tinyssl.clock_hz))
    (folder / "main.c").write_text(MAIN)
    (folder / "linker.ld").write_text(linker_script(board))
    port = firmware_folder() / "port"
    command = ["arm-none-eabi-gcc", *CPU[request.param], "-mthumb", "-O2", "-Wall", "-Wextra"]
    command += ["-Werror", "-Wno-implicit-fallthrough", "-Wno-infinite-recursion", "-I", port]
    command += ["-I", folder, folder / "main.c"]
    command += [port / name for name in PORTS[board.tinyssl.port] if name.endswith(".c")]
    command += ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"]
    command += ["-T", folder / "linker.ld", "-o", folder / "main.elf"]
    subprocess.run(command, check=True, timeout=60)
    text = folder / "output"
    qemu = ["qemu-system-arm", "-M", request.param.replace("_", "-"), "-kernel", "main.elf"]
    qemu += ["-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial"]
    with subprocess.Popen([*qemu, f"file:{text}"], cwd=folder) as process:
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            if text.exists() and "end\n" in text.read_text():
                break
            time.sleep(0.05)
        process.kill()
    return text.read_text()


def test_ticks_have_64_bits_and_never_run_backwards(output):
    assert "time passed 2^32 ticks" in output


def test_a_wait_sleeps_as_long_as_it_was_told(output):
    assert "waited 2 ms" in output


def test_every_start_has_fresh_data_and_a_painted_stack(output):
    assert output.count("data is fresh") == 4
    assert output.count("stack measured") == 4


def test_a_fault_names_the_place_and_restarts(output):
    reports = re.findall(r"e-\[hardfault pc=0x(\w{8}) lr=0x\w{8} cfsr=0x(\w{8})\]", output)
    assert len(reports) == 2, output
    pc, status = (int(text, 16) for text in reports[0])
    code = find_board("mps3_an547" if pc & 0x01000000 else "mps2_an500").region("code")
    assert 0 < pc - code.origin < 0x10000
    assert status & 0x8200 == 0x8200  # a precise data bus error, with its address
    assert output.rstrip().endswith("end")


def test_a_stack_overflow_is_a_fault_and_overwrites_nothing(output):
    _, status = re.findall(r"pc=0x(\w{8}).*cfsr=0x(\w{8})", output)[1]
    guarded = (
        int(status, 16) & 0x82 == 0x82
    )  # a data access that the guard refused, with its address
    assert guarded or int(status, 16) & 0x100000  # ARMv8-M: below the limit of the stack
