/* The core's cycle counter (DWT_CYCCNT) as a 64-bit time, for ports of chips that have one: all
 * Cortex-M4 and M7 of our boards. ARMv7-M Architecture Reference Manual (DDI 0403E), C1.8. */
#ifndef TINYSSL_CYCLE_COUNTER_H
#define TINYSSL_CYCLE_COUNTER_H

#include <stdint.h>

/* Starts the counter, and SysTick: its interrupt must call cycle_counter_now() before the 32 bits
 * wrap (8.9 s at 480 MHz); it comes every 2^24 cycles. */
void cycle_counter_start(void);

/* Cycles since the start. May be called with interrupts off and from an interrupt. */
uint64_t cycle_counter_now(void);

#endif
