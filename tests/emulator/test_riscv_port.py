"""The RISC-V start-up and port under QEMU, with a main() that is only a test."""

import pytest

from tests.port_program import Compiler, check_starts, compile_port, run
from tinyssl.device.faults import find_fault

pytestmark = pytest.mark.emulator

MAIN = r"""
#define BOOTS (*(volatile uint32_t *)0x80700000u) /* memory that no section covers */

int main(void)
{
    uint32_t here = 0;
    port_init();
    check_start();
    switch (BOOTS++) {
    case 0:
        say(check_wait());
        say(port_watchdog(3000) == 0 ? "no watchdog\n" : "a watchdog from nowhere\n");
        port_reset();
    case 1:
        (void)*(volatile uint32_t *)0xF0000000u; /* nothing is there: an access fault */
    case 2:
        __asm__ volatile("fadd.s f0, f0, f0"); /* the core has no floating point */
    case 3:
        return overflow((volatile char *)&here);
    default:
        say("end\n");
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
}
"""

MACHINE = ["-mabi=ilp32", "--specs=picolibc.specs"]
STARTS = ["power-on", "software", "fault", "fault", "fault"]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """All that the test firmware writes."""
    compiler = Compiler(
        "riscv64-unknown-elf-gcc",
        ["-march=rv32imfc_zicsr", "-msmall-data-limit=0", *MACHINE],
        ["-march=rv32im", *MACHINE],
    )
    elf = compile_port("riscv32_virt", MAIN, compiler, tmp_path_factory.mktemp("port"))
    return run("riscv32_virt", elf)


def test_a_wait_sleeps_as_long_as_it_was_told(output):
    assert "waited 2 ms" in output


def test_every_start_has_fresh_data_a_painted_stack_and_a_cause(output):
    check_starts(output, STARTS)


def test_a_board_without_a_watchdog_says_so(output):
    assert "no watchdog" in output


def test_a_trap_names_the_place_and_the_cause_and_restarts(output):
    lines = (line.strip() for line in output.splitlines())
    faults = [fault for line in lines if (fault := find_fault(line))]
    names = [fault.names for fault in faults]
    assert names == [("LOAD_ACCESS_FAULT",), ("ILLEGAL_INSTRUCTION",), ("STORE_ACCESS_FAULT",)]
    assert [fault.values["mcause"] for fault in faults] == [5, 2, 7]
    assert faults[0].values["mtval"] == 0xF0000000
    assert all(0x80000000 < fault.values["pc"] < 0x80010000 for fault in faults)
    assert 0x803F0000 <= faults[2].values["mtval"] < 0x80400000  # the guard below the stack
    assert "riscv64-unknown-elf-addr2line" in faults[0].hint
