#ifndef TINYSSL_STEM_BLOCK_S8_DSP_H
#define TINYSSL_STEM_BLOCK_S8_DSP_H

#include <stdint.h>

#include "conv2d_s8_dsp.h"
#include "fused_block_s8_dsp.h"

/* int8 convolution and the block that reads it, NHWC, batch 1. The convolution's output never exists:
 * its rows go straight to the planes. */
struct tinyssl_stem_block_dsp {
    /* no expansion, no addition; its input is stem's output */
    struct tinyssl_fused_block_dsp block;
    struct tinyssl_conv2d_dsp stem; /* to planes, for rows of out_w pixels */
};

/* in: [stem.in_h][stem.in_w][stem.in_c]; out: [block.out_h][block.out_w][block.project.out_c];
 * scratch: as the block's, then TINYSSL_COLUMN(stem.product.depth, 4) and the inputs that four (where
 * out_w is less than 4: two, one) neighbouring outputs of the stem read, side by side.
 * Rows are read and written in order: when output row y is written, what rows of the stem below
 * y * stride - pad_top + 3 read is not read again, but by those behind. So `out` may overlap `in` from
 * below; the generator works out how far. */
void tinyssl_stem_block_s8_dsp(const int8_t *in, const struct tinyssl_stem_block_dsp *p,
                               int8_t *out, int8_t *scratch);

#endif
