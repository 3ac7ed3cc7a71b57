#ifndef TINYSSL_DEPTHWISE_CONV2D_S8_H
#define TINYSSL_DEPTHWISE_CONV2D_S8_H

#include <stdint.h>

/* int8 depthwise convolution, NHWC, batch 1: output channel c * channel_multiplier + m reads input
 * channel c alone. */
struct tinyssl_depthwise_conv2d {
    const int8_t *weight;           /* [k_h][k_w][out_c], zero point 0 */
    const int32_t *bias;            /* [out_c], scale = input * weight; NULL: none */
    const int32_t *multiplier;      /* [out_c], 0 or [2^30, 2^31): accumulator to output, Q31 */
    const int8_t *shift;            /* [out_c], [-31, 30], positive shifts left */
    int16_t in_h, in_w, in_c;       /* elements */
    int16_t out_h, out_w, out_c;    /* elements; out_c = in_c * channel_multiplier */
    int16_t out_pitch;              /* bytes from an output pixel to the next, out_c or more */
    int16_t channel_multiplier;     /* output channels of an input channel */
    int16_t k_h, k_w;               /* taps */
    int16_t stride_h, stride_w;     /* input elements a step */
    int16_t dilation_h, dilation_w; /* input elements between taps */
    int16_t pad_top, pad_left;      /* elements; bottom and right follow from the sizes */
    int16_t in_zero, out_zero;      /* zero points, [-128, 127] */
    int16_t out_min, out_max;       /* fused activation, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; they must not overlap. */
void tinyssl_depthwise_conv2d_s8(const int8_t *in, const struct tinyssl_depthwise_conv2d *p,
                                 int8_t *out);

#endif
