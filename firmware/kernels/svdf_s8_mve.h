#ifndef TINYSSL_SVDF_S8_MVE_H
#define TINYSSL_SVDF_S8_MVE_H

#include "svdf.h"

struct tinyssl_svdf_mve {
    struct tinyssl_svdf svdf;
    const int32_t *start; /* [outputs * rank] what the input's zero point takes off each result */
};

/* As svdf_s8. */
void tinyssl_svdf_s8_mve(const int8_t *in, int8_t *state, const struct tinyssl_svdf_mve *p,
                         int8_t *out);

#endif
