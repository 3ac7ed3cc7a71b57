#ifndef TINYSSL_MUL_H
#define TINYSSL_MUL_H

#include <stdint.h>

#include "broadcast.h"

/* Elementwise product, with broadcasting. */
struct tinyssl_mul {
    struct tinyssl_broadcast loops;
    const void *constant;                    /* the right input of the functions without `right` */
    int32_t multiplier;                      /* 0 or [2^30, 2^31), Q31 */
    int16_t shift;                           /* [-31, 30] */
    int16_t left_zero, right_zero, out_zero; /* zero points; 0 for int16 */
    int16_t out_min, out_max;                /* fused activation, of the output's type */
};

/* out may be an input of its size. */
void tinyssl_mul_s8(const int8_t *left, const int8_t *right, const struct tinyssl_mul *p,
                    int8_t *out);
void tinyssl_mul_constant_s8(const int8_t *left, const struct tinyssl_mul *p, int8_t *out);
void tinyssl_mul_s16(const int16_t *left, const int16_t *right, const struct tinyssl_mul *p,
                     int16_t *out);
void tinyssl_mul_constant_s16(const int16_t *left, const struct tinyssl_mul *p, int16_t *out);

#endif
