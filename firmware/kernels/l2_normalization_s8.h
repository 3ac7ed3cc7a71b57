#ifndef TINYSSL_L2_NORMALIZATION_S8_H
#define TINYSSL_L2_NORMALIZATION_S8_H

#include <stdint.h>

/* Rows over the root of their sum of squares. */
struct tinyssl_l2_normalization {
    int32_t rows, depth; /* elements; depth * 255^2 fits int32 */
    int16_t in_zero;     /* zero point, [-128, 127] */
};

/* in, out: [rows][depth]; out has scale 1/128 and zero point 0, and may be the input. */
void tinyssl_l2_normalization_s8(const int8_t *in, const struct tinyssl_l2_normalization *p,
                                 int8_t *out);

#endif
