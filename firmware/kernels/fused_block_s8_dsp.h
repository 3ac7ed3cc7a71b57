#ifndef TINYSSL_FUSED_BLOCK_S8_DSP_H
#define TINYSSL_FUSED_BLOCK_S8_DSP_H

#include <stdint.h>

#include "add_s8_dsp.h"
#include "product4_s8_dsp.h"

/* int8 block of 1x1 expansion, 3x3 depthwise convolution, 1x1 projection and addition of the
 * input, NHWC, batch 1; expansion and addition may be missing. The wide image between them never
 * exists: three of its rows do, as planes of depthwise_lines_dsp.h. */
struct tinyssl_fused_block_dsp {
    struct tinyssl_product4_dsp expand;  /* to planes; depth 0: none, the input is the depthwise's */
    struct tinyssl_product4_dsp project; /* of columns that are not doubled */
    struct tinyssl_add_dsp add;          /* one row; size 0: none. left: the block's input */
    const int8_t *weight;                /* depthwise, [channels][3][3] and a byte more */
    const int32_t *channel;              /* depthwise, [channels][2], struct tinyssl_channel */
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

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][project.out_c]; scratch: aligned to 4 bytes, in this
 * order: planes, TINYSSL_COLUMN(channels, out_w), `lines` struct tinyssl_line, and, where there are
 * such parts, TINYSSL_COLUMN(in_c, 4) of the expansion and an output row of the addition.
 * Rows are read and written in order: when output row y is written, rows below input row
 * y * stride - pad_top + 3 are not read again, but for the addition, which reads row y. So `out`
 * may overlap `in` from below; the generator works out how far. */
void tinyssl_fused_block_s8_dsp(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                                int8_t *out, int8_t *scratch);

#endif
