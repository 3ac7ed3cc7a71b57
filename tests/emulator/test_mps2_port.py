"""The Cortex-M start-up, the MPS2 and MPS3 ports under QEMU, with a main() that is only a test."""

import pytest

from tests.port_program import Compiler, check_starts, compile_port, run
from tinyssl.device.faults import Fault, find_fault
from tinyssl.targets.boards import find_board

pytestmark = pytest.mark.emulator

MAIN = r"""
#include "cortex_m.h"

#define BOOTS REG32(0x20070000u) /* memory that no section covers: survives a reset */
#define CLOCK_VALUE REG32(0x40000004u)
#define COUNTER_LOW REG32(0x58100008u)
#define COUNTER_HIGH REG32(0x5810000Cu)

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

static void hang(void)
{
    uint8_t byte;
    say(port_watchdog(200) == 200 ? "watchdog armed\n" : "no watchdog\n");
    for (int i = 0; i < 10; i++) { /* for 500 ms: as long as it is fed, it waits */
        port_read(&byte, 1, 50000);
        port_watchdog_feed();
    }
    say("fed\n");
    for (;;) {
        __asm__ volatile("");
    }
}

int main(void)
{
    uint32_t here = 0;
    port_init();
    check_start();
    switch (BOOTS++) {
    case 0:
        say(check_wrap());
        say(check_wait());
        port_reset();
    case 1:
        (void)*(volatile uint32_t *)0xF0000000u; /* nothing is there: a bus fault */
    case 2:
        return overflow((volatile char *)&here);
    case 3:
        ((void (*)(void))0x20070010u)(); /* even address: no Thumb code */
    case 4:
        __asm__ volatile("udf #1");
    case 5:
        hang();
    default:
        say("end\n");
        for (;;) {
            wait_for_interrupt();
        }
    }
}
"""

NANO = ["--specs=nano.specs", "--specs=nosys.specs"]
CPU = {
    "mps2_an385": ["-mcpu=cortex-m3"],
    "mps2_an386": ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
    "mps2_an500": ["-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"],
    "mps3_an547": ["-mcpu=cortex-m55", "-mfloat-abi=hard"],
}
STARTS = ["power-on", "software", "fault", "fault", "fault", "fault", "watchdog"]


@pytest.fixture(scope="module", params=CPU)
def output(request, tmp_path_factory):
    """All that the test firmware writes."""
    core = [*CPU[request.param], "-mthumb"]
    compiler = Compiler("arm-none-eabi-gcc", core, [*core, *NANO])
    elf = compile_port(request.param, MAIN, compiler, tmp_path_factory.mktemp("port"))
    return run(request.param, elf, 60)


@pytest.fixture
def faults(output) -> list[Fault]:
    """In order: bus, stack, jump, instruction, watchdog."""
    found = [fault for line in output.splitlines() if (fault := find_fault(line.strip()))]
    assert len(found) == 5, output
    return found


def test_ticks_have_64_bits_and_never_run_backwards(output):
    assert "time passed 2^32 ticks" in output


def test_a_wait_sleeps_as_long_as_it_was_told(output):
    assert "waited 2 ms" in output


def test_every_start_has_fresh_data_a_painted_stack_and_a_cause(output):
    check_starts(output, STARTS)


def test_a_bus_fault_names_the_place_the_address_and_the_bits(faults):
    fault = faults[0]
    pc = fault.values["pc"]
    code = find_board("mps3_an547" if pc & 0x01000000 else "mps2_an500").region("code")
    assert 0 < pc - code.origin < 0x10000
    assert fault.values["address"] == 0xF0000000
    assert fault.values["cfsr"] & 0x8200 == 0x8200
    assert fault.names == ("FORCED", "PRECISERR", "BFARVALID")
    assert "an address where nothing is" in str(fault)
    assert "arm-none-eabi-addr2line" in fault.hint


def test_a_stack_overflow_is_a_fault_and_overwrites_nothing(faults):
    names = faults[1].names
    # A data access that the guard refused; ARMv8-M: below the limit of the stack.
    assert {"DACCVIOL", "MMARVALID"} <= set(names) or "STKOF" in names
    assert "the stack is too small" in str(faults[1])


def test_no_code_and_no_instruction_are_told_apart(faults):
    assert faults[2].names == ("FORCED", "INVSTATE")
    assert faults[3].names == ("FORCED", "UNDEFINSTR")
    assert "cfsr" in faults[3].values
    assert "address" not in faults[3].values


def test_the_watchdog_tells_where_the_program_hangs(output, faults):
    assert "watchdog armed\nfed\n" in output
    fault = faults[4]
    assert fault.by_watchdog
    assert fault.values["pc"] > 0
    assert "the watchdog" in str(fault)
