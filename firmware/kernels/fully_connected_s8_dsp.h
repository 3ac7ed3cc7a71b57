#ifndef TINYSSL_FULLY_CONNECTED_S8_DSP_H
#define TINYSSL_FULLY_CONNECTED_S8_DSP_H

#include <stdint.h>

#include "product4_s8_dsp.h"

/* Two channels of one pixel; the column is shared, so weights lie by pairs of channels. */
extern const struct tinyssl_product_form tinyssl_pairs_relu, tinyssl_pairs_signed;

/* int8 fully connected layer, batch 1, and a pointwise convolution of one pixel. */
struct tinyssl_fully_connected_dsp {
    struct tinyssl_product4_dsp product; /* weight: [out_c / 2][steps][2][8], zeros beyond the depth
                                          * and the channels; channel: one more if they are odd */
};

/* in: [depth]; out: [out_c]; scratch: TINYSSL_COLUMN(depth, 1), aligned to 4 bytes. None may overlap
 * another. */
void tinyssl_fully_connected_s8_dsp(const int8_t *in, const struct tinyssl_fully_connected_dsp *p,
                                    int8_t *out, int8_t *scratch);

#endif
