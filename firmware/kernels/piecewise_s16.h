#ifndef TINYSSL_PIECEWISE_S16_H
#define TINYSSL_PIECEWISE_S16_H

#include <stdint.h>

/* Two straight lines through zero, then a clamp: ReLU and its kin, absolute values. */
struct tinyssl_piecewise {
    int32_t size;               /* elements */
    int32_t positive, negative; /* factors of inputs from 0 and below: 0 or [2^30, 2^31), Q31;
                                 * `negative` may be below 0 */
    int16_t positive_shift, negative_shift; /* [-31, 14] */
    int16_t sign;                           /* 1, or -1: of negative inputs' outputs */
    int16_t out_min, out_max;
};

/* in, out: [size]; they may be the same. Zero points are 0. */
void tinyssl_piecewise_s16(const int16_t *in, const struct tinyssl_piecewise *p, int16_t *out);

#endif
