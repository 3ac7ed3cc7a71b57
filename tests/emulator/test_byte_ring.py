"""The ring of received bytes under an interrupt at every instruction of its reader and writer.

The emulator takes one nanosecond an instruction, so SysTick strikes where the program wants it
to. The code is what the compiler of a Cortex-M7 makes of `byte_ring.h`.
"""

import subprocess
from pathlib import Path

import pytest

from tests.port_program import run
from tinyssl.core.paths import firmware_folder
from tinyssl.project.project import linker_script
from tinyssl.targets.boards import find_board

pytestmark = pytest.mark.emulator

BOARD = "mps2_an500"
CORE = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"]
LINK = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"]
STARTUP = ("cortex_m.c", "startup.c", "restart.c", "fault.c")

PROGRAM = r"""
#include "byte_ring.h"
#include "cortex_m.h"
#include "port.h"

enum { SIZE = 4, NOPS = 250 };
enum stage { BEFORE, DURING, AFTER };

static uint8_t bytes[SIZE];
static struct byte_ring ring = BYTE_RING(bytes);
static uint8_t next, taken[4 * SIZE]; /* next to be put; all that were taken */
static uint32_t count;                /* of those */
static volatile enum stage stage;
static uint32_t struck[AFTER + 1];
static void (*interrupt)(void);

__attribute__((noinline)) static void put(void)
{
    next = (uint8_t)(next + byte_ring_put(&ring, next));
}

__attribute__((noinline)) static void take(void)
{
    count += byte_ring_take(&ring, taken + count, SIZE);
}

static void put_many(void)
{
    for (int i = 0; i < SIZE; i++) {
        put();
    }
}

void port_interrupt(uint32_t exception)
{
    (void)exception;
    SYST_CSR = 0;
    struck[stage]++;
    interrupt();
}

static void say(const char *text)
{
    for (; *text; text++) {
        REG32(0x40004000u) = (uint32_t)*text;
    }
}

static void say_number(uint32_t number)
{
    const char digits[] = {(char)('0' + number / 100 % 10), (char)('0' + number / 10 % 10),
                           (char)('0' + number % 10), '\0'};
    say(digits);
}

/* Goes through so many NOPs. */
__attribute__((noinline)) static void slide(uint32_t nops)
{
    __asm__ volatile("ldr r3, =1f\n\t"
                     "sub r3, r3, %0, lsl #1\n\t"
                     "orr r3, r3, #1\n\t"
                     "bx r3\n\t"
                     ".rept 250\n\tnop\n\t.endr\n\t"
                     ".balign 2\n"
                     "1:" ::"r"(nops) : "r3");
}

/* True where every byte that was put is taken once, in order. */
static int strike(uint32_t nops, uint32_t held, void (*program)(void))
{
    ring.in = ring.out = next = count = 0;
    for (int i = 0; i < SIZE; i++) {
        bytes[i] = 0xEE;
    }
    for (uint32_t i = 0; i < held; i++) {
        put();
    }
    stage = BEFORE;
    SYST_RVR = 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    slide(nops);
    stage = DURING;
    program();
    stage = AFTER;
    while (SYST_CSR) {
    }
    take();
    int right = count == next;
    for (uint32_t i = 0; i < count; i++) {
        right &= taken[i] == i;
    }
    return right;
}

static void strike_everywhere(const char *name, void (*program)(void), void (*by)(void))
{
    uint32_t wrong = 0;
    interrupt = by;
    struck[BEFORE] = struck[DURING] = struck[AFTER] = 0;
    for (uint32_t held = 0; held <= SIZE; held++) {
        for (uint32_t nops = 0; nops <= NOPS; nops++) {
            wrong += !strike(nops, held, program);
        }
    }
    say(name);
    say(" before "), say_number(struck[BEFORE]);
    say(" during "), say_number(struck[DURING]);
    say(" after "), say_number(struck[AFTER]);
    say(" wrong "), say_number(wrong);
    say("\n");
}

int main(void)
{
    REG32(0x40004008u) = 1; /* UART: transmits */
    strike_everywhere("writer", put, take);
    strike_everywhere("reader", take, put_many);
    say("end\n");
    for (;;) {
    }
}

const char *port_init(void)
{
    return NULL;
}

bool port_write(const uint8_t *data, size_t size)
{
    return data && size;
}
"""

HEADER = (firmware_folder() / "port" / "byte_ring.h").read_text()
STORE = "    ring->bytes[in & (ring->size - 1u)] = byte;\n"
PUBLISH = "    atomic_store_explicit(&ring->in, in + 1u, memory_order_relaxed);\n"
LOAD = "        data[count++] = ring->bytes[out & (ring->size - 1u)];\n"
FREE = "        atomic_store_explicit(&ring->out, out + 1u, memory_order_relaxed);\n"


def exchanged(first: str, second: str) -> str:
    """The header with two statements in each other's place."""
    assert HEADER.count(first) == HEADER.count(second) == 1
    return HEADER.replace(first, "@").replace(second, first).replace("@", second)


def wrong_orders(header: str, folder: Path) -> dict[str, int]:
    """How often the writer and the reader, interrupted by the other, lost or invented a byte."""
    sources = {"byte_ring.h": header, "main.c": PROGRAM, "tinyssl_build.h": ""}
    sources["linker.ld"] = linker_script(find_board(BOARD))
    for name, text in sources.items():
        (folder / name).write_text(text)
    port = firmware_folder() / "port"
    elf = folder / "main.elf"
    command: list[str | Path] = [
        "arm-none-eabi-gcc",
        *CORE,
        "-O2",
        "-Wall",
        "-I",
        folder,
        "-I",
        port,
        *LINK,
    ]
    files = [folder / "main.c", *(port / name for name in STARTUP)]
    command += ["-T", folder / "linker.ld", *files, "-o", elf]
    subprocess.run(command, check=True, timeout=60)
    lines = run(BOARD, elf).splitlines()
    assert lines[-1:] == ["end"], lines
    found = {}
    for name, *words in map(str.split, lines[:-1]):
        figures = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        # From the instruction before the call to one behind it, none left out.
        assert min(figures["before"], figures["during"], figures["after"]) > 50, lines
        found[name] = figures["wrong"]
    return found


def test_no_interrupt_loses_or_invents_a_byte(tmp_path: Path) -> None:
    assert wrong_orders(HEADER, tmp_path) == {"writer": 0, "reader": 0}


@pytest.mark.parametrize(
    ("first", "second", "caught"), [(STORE, PUBLISH, "writer"), (LOAD, FREE, "reader")]
)
def test_the_index_before_the_byte_is_found_out(first, second, caught, tmp_path):
    assert wrong_orders(exchanged(first, second), tmp_path)[caught] > 0
