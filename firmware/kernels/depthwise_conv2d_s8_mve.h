#ifndef TINYSSL_DEPTHWISE_CONV2D_S8_MVE_H
#define TINYSSL_DEPTHWISE_CONV2D_S8_MVE_H

#include <stdint.h>

/* int8 depthwise convolution with 3x3 taps, NHWC, batch 1, without dilation, one output channel for
 * an input channel. Channels go by blocks of 16, padded with zeros. */
struct tinyssl_depthwise_mve {
    const int8_t *weight;   /* [blocks][9][16], none of them -128 */
    const int32_t *channel; /* [blocks][4][2][4]: as in product_s8_mve.h, the channels 4 i, 4 i + 2,
                                 * 4 i + 1 and 4 i + 3 of a block */
    int16_t channels;       /* elements, a multiple of 4 */
    int16_t in_h, in_w;     /* elements */
    int16_t out_h, out_w;   /* elements */
    int16_t stride_h, stride_w; /* input elements a step */
    int16_t pad_top, pad_left;  /* elements; bottom and right follow from the sizes */
    int16_t in_zero, out_zero;  /* zero points, [-128, 127] */
    int16_t out_min, out_max;   /* fused activation, [-128, 127] */
    int16_t sign; /* 0 where what is negative before the zero point is clamped anyway */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; scratch: `channels` bytes, apart. Pixels
 * are computed in order, each by blocks of 16 channels whose nine taps are read before they are
 * written: `out` may overlap `in` from below, as far as the generator works out. */
void tinyssl_depthwise_conv2d_s8_mve(const int8_t *in, const struct tinyssl_depthwise_mve *p,
                                     int8_t *out, int8_t *scratch);

/* A row of outputs: rows: three of the input, null for the padding; zeros: a pixel of the input's zero
 * point; out: [out_w][channels], apart. */
void tinyssl_depthwise_row_mve(const struct tinyssl_depthwise_mve *p, const int8_t *const rows[3],
                               const int8_t *zeros, int8_t *out);

#endif
