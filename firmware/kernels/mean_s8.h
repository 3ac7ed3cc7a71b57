#ifndef TINYSSL_MEAN_S8_H
#define TINYSSL_MEAN_S8_H

#include <stdint.h>

/* Mean over height and width of an int8 NHWC tensor, batch 1. */
struct tinyssl_mean {
    int32_t places;            /* height * width */
    int32_t channels;          /* elements */
    int32_t multiplier;        /* [0, 2^31): sum to output, the division included, Q31 */
    int16_t shift;             /* [-31, 30], positive shifts left */
    int16_t in_zero, out_zero; /* zero points, [-128, 127] */
};

/* in: [places][channels]; out: [channels]; they must not overlap. */
void tinyssl_mean_s8(const int8_t *in, const struct tinyssl_mean *p, int8_t *out);

#endif
