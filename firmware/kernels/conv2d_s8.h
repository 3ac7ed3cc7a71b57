#ifndef TINYSSL_CONV2D_S8_H
#define TINYSSL_CONV2D_S8_H

#include <stdint.h>

/* int8 convolution, NHWC, batch 1. Shapes, ranges and the int32 accumulator were checked when the
 * model was generated, so nothing is checked and nothing is returned. */
struct tinyssl_conv2d {
    const int8_t *weight;           /* [out_c][k_h][k_w][in_c], zero point 0 */
    const int32_t *bias;            /* [out_c], scale = input * weight; NULL: none */
    const int32_t *multiplier;      /* [out_c], 0 or [2^30, 2^31): accumulator to output, Q31 */
    const int8_t *shift;            /* [out_c], [-31, 30], positive shifts left */
    int16_t in_h, in_w, in_c;       /* elements */
    int16_t out_h, out_w, out_c;    /* elements */
    int16_t out_pitch;              /* bytes from an output pixel to the next, out_c or more */
    int16_t k_h, k_w;               /* taps */
    int16_t stride_h, stride_w;     /* input elements a step */
    int16_t dilation_h, dilation_w; /* input elements between taps */
    int16_t pad_top, pad_left;      /* elements; bottom and right follow from the sizes */
    int16_t in_zero, out_zero;      /* zero points, [-128, 127] */
    int16_t out_min, out_max;       /* fused activation, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; they must not overlap. */
void tinyssl_conv2d_s8(const int8_t *in, const struct tinyssl_conv2d *p, int8_t *out);

#endif
