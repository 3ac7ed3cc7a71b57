/* int16 convolution with sums of 32 bits, NHWC, batch 1, without dilation: what its kernels share. */
#ifndef TINYSSL_CONV2D_S16_H
#define TINYSSL_CONV2D_S16_H

#include <stdint.h>

#include "window_s8.h"

/* Product of a weight matrix and int16 pixels. The generator proves that no sum passes 32 bits. */
struct tinyssl_product_s16 {
    const int8_t *weight;     /* [out_c][depth], in the kernel's order */
    const int32_t *channel;   /* start of the sum, multiplier * 2^16 of 15 bits, and right shift of
                               * the product's high word, [1, 30]: in the kernel's layout */
    int32_t depth;            /* inputs of a channel */
    int32_t out_c;            /* channels */
    int32_t out_min, out_max; /* fused activation, int16 */
};

struct tinyssl_conv2d_s16 {
    struct tinyssl_product_s16 product; /* depth: k_h * k_w * channels */
    struct tinyssl_window window;       /* in_c in bytes, two a channel; in_zero 0 */
};

/* Pixel (y, x) of one tap without padding where it lies; else its window, gathered to `to`. */
static inline const int16_t *tinyssl_window_s16(const int16_t *in, const struct tinyssl_window *p,
                                                int32_t y, int32_t x, int16_t *to,
                                                tinyssl_copy_bytes *copy, tinyssl_fill_bytes *fill)
{
    if (p->k_h == 1 && p->k_w == 1 && p->pad_top == 0 && p->pad_left == 0) {
        const int32_t pixel = y * p->stride_h * p->in_w + x * p->stride_w;
        return in + pixel * (p->in_c / 2);
    }
    tinyssl_gather_window((const int8_t *)in, p, y, x, (int8_t *)to, copy, fill);
    return to;
}

#endif
