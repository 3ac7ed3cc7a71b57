#ifndef TINYSSL_FUSED_BLOCK_S8_MVE_H
#define TINYSSL_FUSED_BLOCK_S8_MVE_H

#include <stdint.h>

#include "add_s8.h"
#include "depthwise_conv2d_s8_mve.h"
#include "product_s8_mve.h"

/* int8 block of 1x1 expansion, 3x3 depthwise convolution, 1x1 projection and addition of the input,
 * NHWC, batch 1; expansion and addition may be missing. The wide image between them never exists:
 * three rows of it do, and one row of the depthwise outputs. */
struct tinyssl_fused_block_mve {
    struct tinyssl_product_mve expand;     /* depth 0: none, the input is the depthwise's */
    struct tinyssl_depthwise_mve depthwise;
    struct tinyssl_product_mve project;
    struct tinyssl_add add;                /* one row, the block's input on the left; size 0: none */
};

/* in: [in_h][in_w][expand.depth or channels]; out: [out_h][out_w][project.out_c]; scratch, apart, in
 * this order: three expanded rows where there is an expansion, a pixel, a row of depthwise outputs, and
 * an output row where there is an addition.
 * Rows are read and written in order: when output row y is written, rows below input row
 * y * stride_h - pad_top + 3 are not read again, but for the addition, which reads row y, and without
 * an expansion, where the next output row reads its three rows. So `out` may overlap `in` from below;
 * the generator works out how far. */
void tinyssl_fused_block_s8_mve(const int8_t *in, const struct tinyssl_fused_block_mve *p,
                                int8_t *out, int8_t *scratch);

#endif
