#ifndef TINYSSL_SOFTMAX_F32_H
#define TINYSSL_SOFTMAX_F32_H

#include <stdint.h>

/* Softmax of floats over the last axis. */
struct tinyssl_softmax_f32 {
    int32_t rows, depth; /* elements */
    float beta;          /* what differences to the maximum are multiplied by */
};

/* in, out: [rows][depth]; they may be the same. */
void tinyssl_softmax_f32(const float *in, const struct tinyssl_softmax_f32 *p, float *out);

#endif
