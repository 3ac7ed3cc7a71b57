#ifndef TINYSSL_CONV2D_S8_MVE_H
#define TINYSSL_CONV2D_S8_MVE_H

#include <stdint.h>

#include "product_s8_mve.h"
#include "window_s8.h"

/* int8 convolution, NHWC, batch 1, without dilation. */
struct tinyssl_conv2d_mve {
    struct tinyssl_product_mve product; /* depth: k_h * k_w * in_c */
    struct tinyssl_window window;
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; scratch: two windows of `depth` bytes, apart.
 * Two pixels of a row are written after their windows were read, in order: `out` may overlap `in` from
 * below, as far as the generator works out. */
void tinyssl_conv2d_s8_mve(const int8_t *in, const struct tinyssl_conv2d_mve *p, int8_t *out,
                           int8_t *scratch);

/* Output row y. */
void tinyssl_conv2d_row_mve(const int8_t *in, const struct tinyssl_conv2d_mve *p, int32_t y,
                            int8_t *out, int8_t *scratch);

#endif
