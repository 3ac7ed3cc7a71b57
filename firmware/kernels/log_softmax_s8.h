#ifndef TINYSSL_LOG_SOFTMAX_S8_H
#define TINYSSL_LOG_SOFTMAX_S8_H

#include <stdint.h>

/* Logarithm of softmax over the last axis; the output has scale 1/16, zero point 127. */
struct tinyssl_log_softmax {
    int32_t rows, depth;     /* elements; depth below 2^12 */
    int32_t multiplier;      /* [2^30, 2^31): input scale, to Q5.26 */
    int32_t shift;           /* [1, 30]: left shift that goes with it */
    int32_t back_multiplier; /* [2^30, 2^31), Q31: Q5.26 to the input scale */
    int32_t back_shift;      /* [-31, 0] */
    int32_t diff_min;        /* q - max below this counts as exp = 0; not above 0 */
};

/* in, out: [rows][depth]; they may be the same. */
void tinyssl_log_softmax_s8(const int8_t *in, const struct tinyssl_log_softmax *p, int8_t *out);

#endif
