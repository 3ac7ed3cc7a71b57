#ifndef TINYSSL_RSQRT_S16_H
#define TINYSSL_RSQRT_S16_H

#include <stdint.h>

/* 1 / sqrt(x) by Newton steps; the largest output where x is not above 0. */
struct tinyssl_rsqrt {
    int32_t size;       /* elements */
    int32_t multiplier; /* of the root, which is scaled up by 2^20: [2^30, 2^31), Q31 */
    int32_t shift;      /* [-31, 10] */
};

/* in, out: [size]; they may be the same. Zero points are 0. */
void tinyssl_rsqrt_s16(const int16_t *in, const struct tinyssl_rsqrt *p, int16_t *out);

#endif
