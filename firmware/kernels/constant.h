#ifndef TINYSSL_CONSTANT_H
#define TINYSSL_CONSTANT_H

#include <stdint.h>

/* A constant for kernels that read only what lies in working memory. */
struct tinyssl_constant {
    const int8_t *from;
    int32_t bytes;
};

/* out: a tensor of any element type. */
void tinyssl_constant(const struct tinyssl_constant *p, int8_t *out);

#endif
