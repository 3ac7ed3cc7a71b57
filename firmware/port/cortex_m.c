/* Vectors, faults and reset: the same on every Cortex-M.
 *
 * The linker script (codegen/templates/linker.ld.j2) gives the addresses. The stack lies at the
 * start of its region and is guarded: one that grows too far faults, and overwrites nothing. */
#include "cortex_m.h"

#include <stddef.h>

#include "fault.h"
#include "port.h"
#include "startup.h"

#define INTERRUPTS 150 /* STM32H743 has the most of our chips; unused entries cost 4 bytes each */

void reset_handler(void);

/* DDI 0403E, B3.2.15 and B3.2.16; STKOF: DDI 0553, ARMv8-M. */
static const struct fault_name cfsr_names[] = {
    {0, "IACCVIOL"},  {1, "DACCVIOL"}, {3, "MUNSTKERR"},  {4, "MSTKERR"},      {5, "MLSPERR"},
    {7, "MMARVALID"}, {8, "IBUSERR"},  {9, "PRECISERR"},  {10, "IMPRECISERR"}, {11, "UNSTKERR"},
    {12, "STKERR"},   {13, "LSPERR"},  {15, "BFARVALID"}, {16, "UNDEFINSTR"},  {17, "INVSTATE"},
    {18, "INVPC"},    {19, "NOCP"},    {20, "STKOF"},     {24, "UNALIGNED"},   {25, "DIVBYZERO"},
};
static const struct fault_name hfsr_names[] = {{1, "VECTTBL"}, {30, "FORCED"}, {31, "DEBUGEVT"}};

#define COUNT(names) ((uint32_t)(sizeof(names) / sizeof(names)[0]))

static void report_bits(void)
{
    const uint32_t cfsr = SCB_CFSR;
    const uint32_t hfsr = SCB_HFSR;
    if (cfsr & CFSR_MMARVALID) {
        fault_value("address", SCB_MMFAR);
    } else if (cfsr & CFSR_BFARVALID) {
        fault_value("address", SCB_BFAR);
    }
    fault_value("cfsr", cfsr);
    fault_value("hfsr", hfsr);
    fault_bits(hfsr_names, COUNT(hfsr_names), hfsr);
    fault_bits(cfsr_names, COUNT(cfsr_names), cfsr);
}

/* `frame` is the stacked r0-r3, r12, lr, pc, xpsr. Not static: the assembly below calls it. The text
 * names the program counter: `arm-none-eabi-addr2line -e firmware.elf` finds the line. The NMI is a
 * watchdog's on all our boards. */
__attribute__((used)) void fault_report(const uint32_t *frame);
void fault_report(const uint32_t *frame)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    const int readable = frame >= tinyssl_stack_bottom && frame + 8 <= tinyssl_stack_top;
    fault_begin();
    fault_value("pc", readable ? frame[6] : 0u);
    fault_value("lr", readable ? frame[5] : 0u);
    if ((exception & 0x1FFu) == EXCEPTION_NMI) {
        fault_text("WATCHDOG");
        fault_end(RESTART_WATCHDOG);
    }
    report_bits();
    if (DCB_DHCSR & DHCSR_C_DEBUGEN) {
        __asm__ volatile("bkpt 0");
    }
    fault_end(RESTART_FAULT);
}

/* The stack may be what failed. Where less than 512 bytes of it are left, go on at its top: the frame,
 * if there is one, lies far below. */
__attribute__((naked)) void fault_entry(void)
{
    __asm__ volatile("mrs r0, msp\n\t"
                     "ldr r1, =tinyssl_stack_bottom + 512\n\t"
                     "cmp r0, r1\n\t"
                     "itt lo\n\t"
                     "ldrlo r1, =tinyssl_stack_top\n\t"
                     "msrlo msp, r1\n\t"
                     "b fault_report\n\t"
                     ".ltorg");
}

__attribute__((weak, alias("fault_entry"))) void nmi_entry(void);

static void interrupt_entry(void)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    port_interrupt(exception & 0x1FFu);
}

union vector {
    void *stack;
    void (*handler)(void);
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16 + INTERRUPTS] = {
    [0] = {.stack = tinyssl_stack_top},
    [1] = {.handler = reset_handler},
    [2] = {.handler = nmi_entry},
    [3 ... 6] = {.handler = fault_entry},   /* HardFault, MemManage, BusFault, UsageFault */
    [11 ... 12] = {.handler = fault_entry}, /* SVCall, DebugMonitor: nobody uses them */
    [14] = {.handler = fault_entry},
    [15 ... 16 + INTERRUPTS - 1] = {.handler = interrupt_entry},
};

/* The 64 KB below the stack may not be touched. Some buses (QEMU's MPS2 is one) let accesses to
 * nothing pass, and a stack that is too small would go on there and lose what it holds. ARMv8-M has a
 * register for it. */
static void guard_stack(void)
{
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(tinyssl_stack_bottom));
#else
    MPU_RNR = 0;
    MPU_RBAR = (uint32_t)(uintptr_t)tinyssl_stack_bottom - MPU_GUARD_BYTES;
    MPU_RASR = MPU_RASR_GUARD;
    MPU_CTRL = MPU_CTRL_ON;
#endif
    barrier();
}

/* A bootloader may have come here with a stack of its own. */
__attribute__((naked)) void reset_handler(void)
{
    __asm__ volatile("ldr r0, =tinyssl_stack_top\n\t"
                     "msr msp, r0\n\t"
                     "b start_core\n\t"
                     ".ltorg");
}

/* Not static: the assembly above calls it. */
__attribute__((noreturn, used)) void start_core(void);
void start_core(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    SCB_CPACR |=
        CPACR_FPU; /* before any function that the compiler gives a floating-point register */
    barrier();
    guard_stack();
    start_program();
}

void port_reset(void)
{
    restart_note(RESTART_REQUESTED);
    barrier();
    SCB_AIRCR = AIRCR_KEY | AIRCR_SYSRESETREQ;
    barrier();
    for (;;) {
    }
}
