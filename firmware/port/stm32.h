/* What the STM32 families have in common: a timer that measures one clock by another,
 * the independent watchdog, and a register that tells what reset the chip. */
#ifndef TINYSSL_STM32_H
#define TINYSSL_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "bounded_wait.h"
#include "cortex_m.h"

/* A general-purpose timer: RM0390 18.5, RM0432 40.7, RM0433 39.5; the same in all. */
struct stm32_timer {
    volatile uint32_t cr1;
    volatile uint32_t unused1[3];
    volatile uint32_t sr;
    volatile uint32_t unused2;
    volatile uint32_t ccmr1;
    volatile uint32_t unused3;
    volatile uint32_t ccer;
    volatile uint32_t unused4[4];
    volatile uint32_t ccr1;
};

enum { STM32_CAPTURES = 64, STM32_CAPTURED_EDGES = 8 * STM32_CAPTURES };

/* Ticks of `timer` (16 bits) in STM32_CAPTURED_EDGES rising edges of the clock that its channel 1 is
 * connected to; 0 where none comes within `polls` looks. The edges of one capture, 8, must be less than
 * 65,536 ticks apart. */
uint32_t stm32_measure(struct stm32_timer *timer, uint32_t polls);

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
