#ifndef TINYSSL_CONV2D_S8_DSP_H
#define TINYSSL_CONV2D_S8_DSP_H

#include <stdint.h>

#include "product4_s8_dsp.h"

/* int8 convolution, NHWC, batch 1, without dilation. */
struct tinyssl_conv2d_dsp {
    /* depth: k_h * k_w * in_c, as tinyssl_taps_to_column orders them */
    struct tinyssl_product4_dsp product;
    int16_t in_h, in_w, in_c;   /* elements */
    int16_t out_h, out_w;       /* elements */
    int16_t k_h, k_w;           /* taps */
    int16_t stride_h, stride_w; /* input elements a step */
    int16_t pad_top, pad_left;  /* elements; bottom and right follow from the sizes */
    int16_t in_zero;            /* zero point, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c]; scratch, aligned to 4 bytes:
 * TINYSSL_COLUMN(depth, 4), and the inputs that four neighbouring outputs read, side by side or, where
 * out_w is no multiple of 4, one above the other.
 * `out` may lie over inputs that were read, as far as `conv` of tinyssl/targets/streaming.py says. */
void tinyssl_conv2d_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int8_t *out,
                           int8_t *scratch);

/* Where the outputs of a row go: bytes, or planes, by the form of the product. */
struct tinyssl_conv2d_row {
    uint8_t *out; /* of the first output */
    int32_t step; /* as the form's functions take it */
    int32_t four; /* bytes from four outputs to the next four */
};

/* Output row y, by fours, then two, then one; not yet clamped to the activation. column: as `scratch`
 * above, for neighbours side by side. */
void tinyssl_conv2d_row_dsp(const int8_t *in, const struct tinyssl_conv2d_dsp *p, int32_t y,
                            const struct tinyssl_conv2d_row *row, uint8_t *column);

#endif
