#include "cycle_counter.h"

#include "cortex_m.h"

static uint64_t cycles;

void cycle_counter_start(void)
{
    DCB_DEMCR |= DEMCR_TRCENA;
    DWT_LAR = LAR_UNLOCK; /* the M7 has this lock; on others nothing is there */
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u;
    SYST_RVR = 0xFFFFFFu;
    SYST_CVR = 0;
    SYST_CSR = 7u;
}

uint64_t cycle_counter_now(void)
{
    uint32_t masked;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked) : : "memory");
    cycles += (uint32_t)(DWT_CYCCNT - (uint32_t)cycles);
    const uint64_t now = cycles;
    __asm__ volatile("msr primask, %0" : : "r"(masked) : "memory");
    return now;
}
