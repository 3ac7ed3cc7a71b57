#ifndef TINYSSL_L2_NORMALIZATION_F32_H
#define TINYSSL_L2_NORMALIZATION_F32_H

#include <stdint.h>

/* Rows over the root of their sum of squares, which counts as 1e-6 at least. */
struct tinyssl_l2_normalization_f32 {
    int32_t rows, depth; /* elements */
};

/* in, out: [rows][depth]; they may be the same. */
void tinyssl_l2_normalization_f32(const float *in, const struct tinyssl_l2_normalization_f32 *p,
                                  float *out);

#endif
