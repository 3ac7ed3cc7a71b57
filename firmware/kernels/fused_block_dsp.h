/* Parameters of a fused block, for those that compute it and those that begin it with a convolution. */
#ifndef TINYSSL_FUSED_BLOCK_DSP_H
#define TINYSSL_FUSED_BLOCK_DSP_H

#include <stdint.h>

#include "add_s8_dsp.h"
#include "product4_s8_dsp.h"

/* int8 block of 1x1 expansion, 3x3 depthwise convolution, 1x1 projection and addition of the
 * input, NHWC, batch 1; expansion and addition may be missing. The wide image between them never
 * exists: three of its rows do, as planes of depthwise_lines_dsp.h. */
struct tinyssl_fused_block_dsp {
    struct tinyssl_product4_dsp expand; /* to planes; depth 0: none, the input is the depthwise's */
    struct tinyssl_product4_dsp project; /* of columns that are not doubled */
    struct tinyssl_add_dsp add;          /* one row; size 0: none. left: the block's input */
    const int8_t *weight;                /* depthwise, [channels][3][3] and a byte more */
    const int32_t *channel;              /* depthwise, [channels][2], whole shifts */
    uint16_t in_h, in_w, in_c;           /* elements */
    uint16_t channels;                   /* between expansion and projection */
    uint16_t out_h, out_w;               /* elements */
    uint8_t stride;                      /* of the depthwise: 1 or 2 elements a step */
    uint8_t pad_top, pad_left;           /* elements; pad_left: 0 or 1 */
    uint16_t columns;                    /* of a plane, padding included; even */
    int8_t in_zero;                      /* zero point of the depthwise's input */
    uint8_t zero;                        /* of its output, raised by 128 */
    uint8_t low, high;                   /* activation of its output, raised by 128 */
    uint16_t lines;                      /* 1: each channel's taps are prepared anew for each row;
                                          * else `channels`: once, and kept */
};

#endif
