#ifndef TINYSSL_CONV2D_S8_RV32_H
#define TINYSSL_CONV2D_S8_RV32_H

#include "product_s8_rv32.h"

/* int8 convolution, NHWC, batch 1, without dilation. */
struct tinyssl_conv2d_rv32 {
    struct tinyssl_product_rv32 product; /* depth: k_h * k_w * in_c */
    int16_t in_h, in_w, in_c;            /* elements */
    int16_t out_h, out_w;                /* elements */
    int16_t k_h, k_w;                    /* taps */
    int16_t stride_h, stride_w;          /* input elements a step */
    int16_t pad_top, pad_left;           /* elements; bottom and right follow from the sizes */
    int16_t in_zero;                     /* zero point, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; scratch: two windows of `depth` bytes (1x1
 * without padding reads its pixels where they lie and needs none). None may overlap another. */
void tinyssl_conv2d_s8_rv32(const int8_t *in, const struct tinyssl_conv2d_rv32 *p, int8_t *out,
                            int8_t *scratch);

#endif
