#ifndef TINYSSL_FULLY_CONNECTED_S8_DSP_H
#define TINYSSL_FULLY_CONNECTED_S8_DSP_H

#include <stdint.h>

#include "product_s8_dsp.h"

/* int8 fully connected layer, batch 1. */
struct tinyssl_fully_connected_dsp {
    struct tinyssl_product_dsp product;
};

/* in: [depth]; out: [out_c]; scratch: TINYSSL_COLUMN_BYTES(depth) / 2, aligned to 4 bytes. None may
 * overlap another. */
void tinyssl_fully_connected_s8_dsp(const int8_t *in, const struct tinyssl_fully_connected_dsp *p,
                                    int8_t *out, int8_t *scratch);

#endif
