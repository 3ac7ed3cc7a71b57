/* What ports of 32-bit RISC-V cores in machine mode share. RISC-V privileged architecture 1.12. */
#ifndef TINYSSL_RISCV_H
#define TINYSSL_RISCV_H

#include <stdint.h>

#define CSR_WRITE(name, value) __asm__ volatile("csrw " name ", %0" ::"r"(value))

#define CSR_READ(name)                                                                             \
    ({                                                                                             \
        uint32_t value_;                                                                           \
        __asm__ volatile("csrr %0, " name : "=r"(value_));                                         \
        value_;                                                                                    \
    })

enum { MSTATUS_MIE = 8 };

/* Holds interrupts back; returns what interrupts_go_on() needs. */
static inline uint32_t interrupts_hold(void)
{
    uint32_t status;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(status)::"memory");
    return status & MSTATUS_MIE;
}

static inline void interrupts_go_on(uint32_t enabled)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(enabled) : "memory");
}

/* Of the port: the core's own start, called on a fresh stack by its reset_handler(). */
__attribute__((noreturn)) void start_core(void);

/* Where mtvec leads for an exception: writes the line of a fault, and restarts. */
void trap_entry(void);

/* The 64 KB below the stack may not be touched from here on, in machine mode neither: the entry of the
 * physical memory protection is locked. */
void guard_stack(void);

#endif
