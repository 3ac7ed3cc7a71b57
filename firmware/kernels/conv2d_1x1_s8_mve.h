#ifndef TINYSSL_CONV2D_1X1_S8_MVE_H
#define TINYSSL_CONV2D_1X1_S8_MVE_H

#include <stdint.h>

#include "product_s8_mve.h"

/* int8 pointwise convolution, NHWC, batch 1, without padding. */
struct tinyssl_conv2d_1x1_mve {
    struct tinyssl_product_mve product; /* depth: in_c */
    int16_t in_w;                       /* elements */
    int16_t in_pitch;                   /* bytes from an input pixel to the next, in_c or more */
    int16_t out_h, out_w;               /* elements */
    int16_t stride_h, stride_w;         /* input elements a step */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]. Lines are computed in order, each as
 * tinyssl_product_line_mve does (with stride 1 the image is one line), and nothing is read beyond the
 * pixels in work: `out` may overlap `in` from below, as far as the generator works out. */
void tinyssl_conv2d_1x1_s8_mve(const int8_t *in, const struct tinyssl_conv2d_1x1_mve *p,
                               int8_t *out);

#endif
