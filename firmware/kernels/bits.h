#ifndef TINYSSL_BITS_H
#define TINYSSL_BITS_H

#include <stdint.h>

/* Bits of a number up to its highest one: 0 for 0, 3 for 5. */
static inline int32_t tinyssl_bit_length(uint32_t x)
{
    int32_t count = 0;
    while (x != 0) {
        x >>= 1;
        count++;
    }
    return count;
}

#endif
