/* What the STM32 families have in common: waiting for a bit, the independent watchdog, and a register
 * that tells what reset the chip. */
#ifndef TINYSSL_STM32_H
#define TINYSSL_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "cortex_m.h"

/* True as soon as the bits of `mask` are `value`; false where they are not after `polls` looks. */
bool stm32_becomes(volatile const uint32_t *reg, uint32_t mask, uint32_t value, uint32_t polls);

/* Independent watchdog: RM0390 17.4, RM0432 46.4, RM0433 45.4; the same in all. */
struct stm32_iwdg {
    volatile uint32_t key;
    volatile uint32_t prescaler;
    volatile uint32_t reload;
    volatile uint32_t state; /* 0 to 2: a register is being taken over */
};

/* The port says where it is. stm32.c implements port_watchdog() and port_watchdog_feed() with it. */
extern struct stm32_iwdg *const stm32_iwdg;

/* A bit of the family's reset register, and the word of port_reset_cause() that it means. */
struct stm32_reset {
    uint32_t bit;
    const char *cause;
};

/* The word of the first bit of `list` (ended by a bit of 0) that is set in `flags`. Where it is
 * `software`, the note of restart.h says whether that was a fault. */
const char *stm32_reset_cause(uint32_t flags, const struct stm32_reset *list);

#endif
