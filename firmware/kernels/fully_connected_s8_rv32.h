#ifndef TINYSSL_FULLY_CONNECTED_S8_RV32_H
#define TINYSSL_FULLY_CONNECTED_S8_RV32_H

#include "product_s8_rv32.h"

/* int8 fully connected layer, batch 1. */
struct tinyssl_fully_connected_rv32 {
    struct tinyssl_product_rv32 product; /* depth: inputs */
};

/* in: [depth]; out: [out_c]; they must not overlap. */
void tinyssl_fully_connected_s8_rv32(const int8_t *in, const struct tinyssl_fully_connected_rv32 *p,
                                     int8_t *out);

#endif
