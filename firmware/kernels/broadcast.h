/* Two inputs of an elementwise operator, walked in the order of the output. */
#ifndef TINYSSL_BROADCAST_H
#define TINYSSL_BROADCAST_H

#include <stdint.h>

/* Nested loops, the outermost first. */
struct tinyssl_broadcast {
    int32_t count[4]; /* rounds */
    int32_t left[4];  /* elements of the left input from round to round; 0: it is repeated */
    int32_t right[4];
};

/* Elements of an input before the innermost loop; steps: `left` or `right`. */
static inline int32_t tinyssl_broadcast_start(const int32_t *steps, int32_t a, int32_t b, int32_t c)
{
    return a * steps[0] + b * steps[1] + c * steps[2];
}

#endif
