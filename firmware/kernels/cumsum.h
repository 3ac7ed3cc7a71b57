#ifndef TINYSSL_CUMSUM_H
#define TINYSSL_CUMSUM_H

#include <stdint.h>

/* Sums along an axis. */
struct tinyssl_cumsum {
    int32_t outers;     /* product of the dimensions before the axis */
    int32_t length;     /* of the axis */
    int32_t inners;     /* product of the dimensions behind it */
    int32_t multiplier; /* sum, in 2^-19 of an input, to output; 0 or [2^30, 2^31), Q31 */
    int16_t shift;      /* [-31, 0] */
    int16_t in_zero, out_zero;
    uint8_t exclusive; /* an element is not part of its own sum */
    uint8_t reverse;   /* from the end */
};

/* in and out: [outers][length][inners]; out may be in. The float function reads no quantisation. */
void tinyssl_cumsum_s8(const int8_t *in, const struct tinyssl_cumsum *p, int8_t *out);
void tinyssl_cumsum_f32(const float *in, const struct tinyssl_cumsum *p, float *out);

#endif
