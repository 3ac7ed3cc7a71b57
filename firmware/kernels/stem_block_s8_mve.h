#ifndef TINYSSL_STEM_BLOCK_S8_MVE_H
#define TINYSSL_STEM_BLOCK_S8_MVE_H

#include <stdint.h>

#include "conv2d_s8_mve.h"
#include "fused_block_s8_mve.h"

/* int8 convolution and the block that reads it, NHWC, batch 1. Of the convolution's output three rows
 * exist. */
struct tinyssl_stem_block_mve {
    /* no expansion, no addition; its input is stem's output */
    struct tinyssl_fused_block_mve block;
    struct tinyssl_conv2d_mve stem;
};

/* in: [stem's in_h][in_w][in_c]; out: [out_h][out_w][block.project.out_c]; scratch, apart, in this
 * order: three rows of the stem's output, a pixel of it, a row of depthwise outputs, two windows of
 * stem.product.depth bytes.
 * Rows are read and written in order: when output row y is written, what rows of the stem below
 * y * stride_h - pad_top + 3 read is not read again, but by those behind. So `out` may overlap `in`
 * from below; the generator works out how far. */
void tinyssl_stem_block_s8_mve(const int8_t *in, const struct tinyssl_stem_block_mve *p,
                               int8_t *out, int8_t *scratch);

#endif
