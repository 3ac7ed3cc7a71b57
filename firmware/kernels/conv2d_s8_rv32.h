#ifndef TINYSSL_CONV2D_S8_RV32_H
#define TINYSSL_CONV2D_S8_RV32_H

#include "product_s8_rv32.h"
#include "window_s8.h"

/* int8 convolution, NHWC, batch 1, without dilation. */
struct tinyssl_conv2d_rv32 {
    struct tinyssl_product_rv32 product; /* depth: k_h * k_w * in_c */
    struct tinyssl_window window;
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; scratch: two windows of `depth` bytes (1x1
 * without padding reads its pixels where they lie and needs none). None may overlap another. */
void tinyssl_conv2d_s8_rv32(const int8_t *in, const struct tinyssl_conv2d_rv32 *p, int8_t *out,
                            int8_t *scratch);

#endif
