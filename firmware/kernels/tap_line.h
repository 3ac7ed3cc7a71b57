/* Where the taps of a window meet the outputs along an axis. */
#ifndef TINYSSL_TAP_LINE_H
#define TINYSSL_TAP_LINE_H

#include <stdint.h>

#include "spread.h"

/* The outputs along an axis that one tap lends an input to: every `step`th from `out` on, whose
 * inputs are `in_step` apart. */
struct tinyssl_tap_line {
    int32_t count, out, step, in, in_step;
};

/* offset: of the tap from the window's place; size: of the output and of the input. */
static inline struct tinyssl_tap_line tinyssl_find_tap_line(int32_t size, int32_t stride,
                                                            int32_t offset, int32_t up,
                                                            int32_t in_size)
{
    struct tinyssl_tap_line line = {0, 0, 1, 0, 1};
    for (int32_t i = 0; i < size; i++) {
        const int32_t source = tinyssl_spread_source(i * stride + offset, up, in_size);
        if (source < 0) {
            continue;
        }
        if (line.count == 0) {
            line.out = i;
            line.in = source;
        } else if (line.count == 1) {
            line.step = i - line.out;
            line.in_step = source - line.in;
        }
        line.count++;
    }
    return line;
}

#endif
