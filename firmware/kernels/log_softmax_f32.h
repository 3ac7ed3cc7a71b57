#ifndef TINYSSL_LOG_SOFTMAX_F32_H
#define TINYSSL_LOG_SOFTMAX_F32_H

#include <stdint.h>

struct tinyssl_rows {
    int32_t rows, depth; /* elements */
};

/* Logarithm of softmax over the last axis. in, out: [rows][depth]; they may be the same. */
void tinyssl_log_softmax_f32(const float *in, const struct tinyssl_rows *p, float *out);

#endif
