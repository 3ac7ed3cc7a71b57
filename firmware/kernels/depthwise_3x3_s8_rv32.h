#ifndef TINYSSL_DEPTHWISE_3X3_S8_RV32_H
#define TINYSSL_DEPTHWISE_3X3_S8_RV32_H

#include <stdint.h>

/* int8 depthwise convolution with 3x3 taps, NHWC, batch 1, without dilation, one output channel for
 * an input channel. */
struct tinyssl_depthwise_rv32 {
    const int8_t *weight;       /* [channels][3][3] */
    const int32_t *channel;     /* [channels][2], as in product_s8_rv32.h */
    int16_t channels;           /* elements */
    int16_t in_h, in_w;         /* elements */
    int16_t out_h, out_w;       /* elements */
    int16_t stride_h, stride_w; /* input elements a step */
    int16_t pad_top, pad_left;  /* elements; bottom and right follow from the sizes */
    int16_t in_zero, out_zero;  /* zero points, [-128, 127] */
    int16_t out_min, out_max;   /* fused activation, [-128, 127] */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; scratch: `channels` bytes. None may
 * overlap another. */
void tinyssl_depthwise_3x3_s8_rv32(const int8_t *in, const struct tinyssl_depthwise_rv32 *p,
                                   int8_t *out, int8_t *scratch);

#endif
