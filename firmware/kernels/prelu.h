#ifndef TINYSSL_PRELU_H
#define TINYSSL_PRELU_H

#include <stdint.h>

#include "broadcast.h"

/* x, and x * alpha below zero; x is the left input, alpha the right one. */
struct tinyssl_prelu {
    struct tinyssl_sides sides;
    int32_t positive, negative; /* factors of x, and of x * alpha: 0 or [2^30, 2^31), Q31 */
    int16_t positive_shift, negative_shift;  /* [-31, 30] */
    int16_t left_zero, right_zero, out_zero; /* zero points; of int16 only alpha's is not 0 */
    int16_t out_min, out_max;                /* of the output's type */
};

/* in: the inputs that are no constants; out: one. It may be an input of its size. */
void tinyssl_prelu_s8(const int8_t *const *in, const struct tinyssl_prelu *p, int8_t *const *out);
/* alpha is int8. */
void tinyssl_prelu_s16(const int8_t *const *in, const struct tinyssl_prelu *p, int8_t *const *out);
void tinyssl_prelu_f32(const int8_t *const *in, const struct tinyssl_pair *p, int8_t *const *out);

#endif
