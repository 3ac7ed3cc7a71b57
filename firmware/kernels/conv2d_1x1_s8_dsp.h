#ifndef TINYSSL_CONV2D_1X1_S8_DSP_H
#define TINYSSL_CONV2D_1X1_S8_DSP_H

#include <stdint.h>

#include "product_s8_dsp.h"

/* int8 pointwise convolution, NHWC, batch 1, without padding. */
struct tinyssl_conv2d_1x1_dsp {
    struct tinyssl_product_dsp product; /* depth: in_c */
    int16_t in_w;                       /* elements */
    int16_t out_h, out_w;               /* elements */
    int16_t stride_h, stride_w;         /* input elements a step */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; scratch: TINYSSL_COLUMN_BYTES(in_c), aligned
 * to 4 bytes. None may overlap another. */
void tinyssl_conv2d_1x1_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_1x1_dsp *p,
                               int8_t *out, int8_t *scratch);

#endif
