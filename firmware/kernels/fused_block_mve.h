/* Parameters of a fused block, for those that compute it and those that begin it with a convolution. */
#ifndef TINYSSL_FUSED_BLOCK_MVE_H
#define TINYSSL_FUSED_BLOCK_MVE_H

#include <stdint.h>

#include "add_s8.h"
#include "depthwise_conv2d_s8_mve.h"
#include "product_s8_mve.h"

/* int8 block of 1x1 expansion, 3x3 depthwise convolution, 1x1 projection and addition of the input,
 * NHWC, batch 1; expansion and addition may be missing. The wide image between them never exists:
 * three rows of it do, and one row of the depthwise outputs. */
struct tinyssl_fused_block_mve {
    struct tinyssl_product_mve expand; /* depth 0: none, the input is the depthwise's */
    struct tinyssl_depthwise_mve depthwise;
    struct tinyssl_product_mve project;
    struct tinyssl_add add; /* one row, the block's input on the left; size 0: none */
};

#endif
