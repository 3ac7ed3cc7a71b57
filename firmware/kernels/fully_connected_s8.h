#ifndef TINYSSL_FULLY_CONNECTED_S8_H
#define TINYSSL_FULLY_CONNECTED_S8_H

#include <stdint.h>

/* int8 matrix times vector, batch 1. */
struct tinyssl_fully_connected {
    const int8_t *weight;      /* [out_c][in_c], zero point 0 */
    const int32_t *bias;       /* [out_c], scale = input * weight; NULL: none */
    const int32_t *multiplier; /* [out_c], 0 or [2^30, 2^31): accumulator to output, Q31 */
    const int8_t *shift;       /* [out_c], [-31, 30], positive shifts left */
    int32_t in_c, out_c;       /* elements */
    int16_t in_zero, out_zero; /* zero points, [-128, 127] */
    int16_t out_min, out_max;  /* fused activation, [-128, 127] */
};

/* in: [in_c]; out: [out_c]; they must not overlap. */
void tinyssl_fully_connected_s8(const int8_t *in, const struct tinyssl_fully_connected *p,
                                int8_t *out);

#endif
