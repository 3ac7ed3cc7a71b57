#include "stm32.h"

#include <string.h>

#include "port.h"
#include "restart.h"

enum { KEY_FEED = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };
enum { PRESCALER_256 = 6, LSI_HZ = 32000, COUNTS = 4096, TAKEN_OVER_POLLS = 200000 };
enum { MS_PER_COUNT = 256 * 1000 / LSI_HZ }; /* nominal: the LSI of an STM32F4 has 17 to 47 kHz */

uint32_t stm32_measure(struct stm32_timer *timer, uint32_t polls)
{
    enum { INPUT_EVERY_8TH = (3 << 2) | 1, ENABLE = 1, CAPTURED = 1 << 1 };
    timer->ccmr1 = INPUT_EVERY_8TH;
    timer->ccer = ENABLE;
    timer->cr1 = ENABLE;
    uint32_t before = 0;
    uint32_t ticks = 0;
    for (int capture = 0; capture <= STM32_CAPTURES; capture++) {
        timer->sr = 0;
        if (!wait_for_bits(&timer->sr, CAPTURED, CAPTURED, polls)) {
            return 0;
        }
        const uint32_t now = timer->ccr1;
        ticks += capture ? (now - before) & 0xFFFFu : 0u;
        before = now;
    }
    timer->cr1 = 0;
    return ticks;
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
    const bool taken = wait_for_bits(&stm32_iwdg->state, 7u, 0, TAKEN_OVER_POLLS);
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
            return strcmp(list->cause, "software") == 0 ? restart_by_software() : list->cause;
        }
    }
    return restart_cause();
}
