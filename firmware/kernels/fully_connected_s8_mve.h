#ifndef TINYSSL_FULLY_CONNECTED_S8_MVE_H
#define TINYSSL_FULLY_CONNECTED_S8_MVE_H

#include <stdint.h>

#include "product_s8_mve.h"

/* int8 fully connected layer, batch 1. */
struct tinyssl_fully_connected_mve {
    struct tinyssl_product_mve product; /* depth: inputs */
};

/* in: [depth]; out: [out_c]; they must not overlap. */
void tinyssl_fully_connected_s8_mve(const int8_t *in, const struct tinyssl_fully_connected_mve *p,
                                    int8_t *out);

#endif
