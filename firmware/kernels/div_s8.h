#ifndef TINYSSL_DIV_S8_H
#define TINYSSL_DIV_S8_H

#include <stdint.h>

#include "broadcast.h"

/* left / right, by a reciprocal in fixed point. */
struct tinyssl_div {
    struct tinyssl_sides sides;
    int32_t multiplier;                      /* 0 or [2^30, 2^31), Q31 */
    int16_t shift;                           /* [-31, 23] */
    int16_t left_zero, right_zero, out_zero; /* zero points */
    int16_t out_min, out_max;                /* fused activation */
};

/* in: the inputs that are no constants; out: one. It may be an input of its size. */
void tinyssl_div_s8(const int8_t *const *in, const struct tinyssl_div *p, int8_t *const *out);

#endif
