#include "riscv.h"

#include "fault.h"
#include "startup.h"

enum { PMP_LOCKED_NAPOT_NO_ACCESS = 0x98, GUARD_BYTES = 0x10000 };

/* Not static: the assembly below calls it. */
__attribute__((used, noreturn)) void trap_report(uint32_t pc, uint32_t ra);

/* The stack may be what failed: go on at its top. */
__attribute__((naked, aligned(4), used)) void trap_entry(void)
{
    __asm__ volatile("la sp, tinyssl_stack_top\n\t"
                     "csrr a0, mepc\n\t"
                     "mv a1, ra\n\t"
                     "j trap_report");
}

/* The text names the program counter: `riscv64-unknown-elf-addr2line -e firmware.elf` finds the line. */
void trap_report(uint32_t pc, uint32_t ra)
{
    static const char *const causes[] = {
        "INSTRUCTION_ADDRESS_MISALIGNED",
        "INSTRUCTION_ACCESS_FAULT",
        "ILLEGAL_INSTRUCTION",
        "BREAKPOINT",
        "LOAD_ADDRESS_MISALIGNED",
        "LOAD_ACCESS_FAULT",
        "STORE_ADDRESS_MISALIGNED",
        "STORE_ACCESS_FAULT", /* table 3.6 of the privileged architecture */
    };
    const uint32_t cause = CSR_READ("mcause");
    fault_begin();
    fault_value("pc", pc);
    fault_value("ra", ra);
    fault_value("mcause", cause);
    fault_value("mtval", CSR_READ("mtval"));
    if (cause < sizeof causes / sizeof causes[0]) {
        fault_text(causes[cause]);
    }
    fault_end(RESTART_FAULT);
}

void guard_stack(void)
{
    const uint32_t start = (uint32_t)(uintptr_t)tinyssl_stack_bottom - GUARD_BYTES;
    CSR_WRITE("pmpaddr0", start >> 2 | (GUARD_BYTES / 8 - 1));
    CSR_WRITE("pmpcfg0", PMP_LOCKED_NAPOT_NO_ACCESS);
}
