#include "cycle_counter.h"

#include "cortex_m.h"
#include "port.h"

enum { ROUND = 1 << 24, LAST_TICK_POLLS = 100 };

static volatile uint32_t rounds;

void cycle_counter_start(void)
{
    SYST_RVR = ROUND - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7u;
}

void cycle_counter_round(void)
{
    /* The last tick of the old round: the interrupt comes before it ends. */
    for (uint32_t poll = 0; poll < LAST_TICK_POLLS && SYST_CVR == 0; poll++) {
    }
    rounds++;
}

uint64_t port_ticks(void)
{
    uint32_t high;
    uint32_t low;
    uint32_t ended;
    do { /* again, where the interrupt of a new round came in between */
        high = rounds;
        low = ROUND - 1u - SYST_CVR;
        ended = SCB_ICSR & ICSR_PENDSTSET;
    } while (high != rounds);
    if (ended && low < ROUND / 2u) { /* a new round whose interrupt is still to come */
        high++;
    }
    return ((uint64_t)high << 24) | low;
}

void cycle_counter_wait(uint32_t cycles)
{
    const uint64_t end = port_ticks() + cycles;
    for (uint32_t poll = 0; poll < cycles && port_ticks() < end;
         poll++) { /* takes more than a cycle */
    }
}
