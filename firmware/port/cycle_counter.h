/* port_ticks() as cycles of the core, from SysTick, right with interrupts off too for up to a round
 * (35 ms at 480 MHz). Every Cortex-M has it, and so has every emulator and simulator of one (few have
 * DWT_CYCCNT). ARMv7-M Architecture Reference Manual (DDI 0403E), B3.3. */
#ifndef TINYSSL_CYCLE_COUNTER_H
#define TINYSSL_CYCLE_COUNTER_H

#include <stdint.h>

/* Starts SysTick from the core's clock, 24 bits a round, with its interrupt. */
void cycle_counter_start(void);

/* To be called by port_interrupt() for EXCEPTION_SYSTICK: a round has ended. */
void cycle_counter_round(void);

/* Returns when at least so many cycles have passed. */
void cycle_counter_wait(uint32_t cycles);

#endif
