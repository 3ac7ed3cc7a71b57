/* The line that a fault leaves: `e-[fault pc=0x… lr=0x… NAME NAME]`, and then the restart. Where the
 * serial line takes no byte, the restart alone. */
#ifndef TINYSSL_FAULT_H
#define TINYSSL_FAULT_H

#include <stdint.h>

#include "restart.h"

struct fault_name {
    uint8_t bit;
    char name[15];
};

void fault_begin(void);

/* ` key=0x01234567` */
void fault_value(const char *key, uint32_t value);

/* ` NAME` */
void fault_text(const char *name);

/* The names of the bits that are set in `value`. */
void fault_bits(const struct fault_name *names, uint32_t count, uint32_t value);

/* Ends the line, waits until it has left or the line takes no more, notes the reason and restarts. */
__attribute__((noreturn)) void fault_end(enum restart_reason reason);

#endif
