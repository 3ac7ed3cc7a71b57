#ifndef TINYSSL_SOFTMAX_S16_H
#define TINYSSL_SOFTMAX_S16_H

#include <stdint.h>

/* Softmax over the last axis, int16 in and out; zero points 0, the output has scale 1/32768.
 * Exponentials and the reciprocal of their sum come from tables of 513 places, with straight lines
 * between. */
struct tinyssl_softmax_s16 {
    int32_t rows, depth;        /* elements; depth below 2^16 */
    int32_t multiplier;         /* [2^30, 2^31): beta * input scale, to 10 / 65535 */
    int32_t shift;              /* [-31, 30]: left shift that goes with it */
    const int16_t *exponential; /* exp(x) in Q0.15 for x from -10 to 0 */
    const int16_t *reciprocal;  /* 1 / (1 + x) in Q0.15 for x from 0 to 1 */
};

/* in, out: [rows][depth]; they may be the same. */
void tinyssl_softmax_s16(const int16_t *in, const struct tinyssl_softmax_s16 *p, int16_t *out);

#endif
