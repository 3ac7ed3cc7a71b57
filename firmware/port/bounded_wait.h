/* Waits that have an end: in a fault's report too, nothing may hang. */
#ifndef TINYSSL_BOUNDED_WAIT_H
#define TINYSSL_BOUNDED_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tinyssl_build.h"

/* Looks at a transmitter for a byte to leave: at 480 MHz 10 ms at least, at 16 MHz less than a second.
 * The slowest line, of 115,200 baud, needs 0.1 ms for a byte and 11 ms for the 128 of an ESP32-C3's
 * FIFO, which has 160 MHz.
 * An emulator's transmitter is full as long as nobody reads what it sent: that may take seconds. */
#ifndef LINE_POLLS
#ifdef TINYSSL_EMULATED
#define LINE_POLLS 20000000u
#else
#define LINE_POLLS 1000000u
#endif
#endif

/* True as soon as the bits of `mask` are `value`; false where they are not after `polls` looks. */
static inline bool wait_for_bits(volatile const uint32_t *reg, uint32_t mask, uint32_t value,
                                 uint32_t polls)
{
    for (uint32_t poll = 0; poll < polls; poll++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

#endif
