#include "stm32.h"

#include <string.h>

#include "port.h"
#include "restart.h"

enum { KEY_FEED = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };
enum { PRESCALER_256 = 6, LSI_HZ = 32000, COUNTS = 4096, TAKEN_OVER_POLLS = 200000 };
enum { MS_PER_COUNT = 256 * 1000 / LSI_HZ }; /* nominal: the LSI of an STM32F4 has 17 to 47 kHz */

bool stm32_becomes(volatile const uint32_t *reg, uint32_t mask, uint32_t value, uint32_t polls)
{
    for (uint32_t poll = 0; poll < polls; poll++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

/* Starting it starts its clock; only then are the other registers taken over (RM0390 17.3.2). */
uint32_t port_watchdog(uint32_t milliseconds)
{
    const uint32_t counts = (milliseconds + MS_PER_COUNT - 1u) / MS_PER_COUNT;
    if (counts > COUNTS) {
        return 0;
    }
    stm32_iwdg->key = KEY_START;
    stm32_iwdg->key = KEY_UNLOCK;
    stm32_iwdg->prescaler = PRESCALER_256;
    stm32_iwdg->reload = counts - 1u;
    const bool taken = stm32_becomes(&stm32_iwdg->state, 7u, 0, TAKEN_OVER_POLLS);
    stm32_iwdg->key = KEY_FEED;
    return taken && stm32_iwdg->reload == counts - 1u ? counts * MS_PER_COUNT : 0u;
}

void port_watchdog_feed(void)
{
    stm32_iwdg->key = KEY_FEED;
}

const char *stm32_reset_cause(uint32_t flags, const struct stm32_reset *list)
{
    for (; list->bit != 0; list++) {
        if (flags & list->bit) {
            return strcmp(list->cause, "software") == 0 ? restart_cause() : list->cause;
        }
    }
    return restart_cause();
}
