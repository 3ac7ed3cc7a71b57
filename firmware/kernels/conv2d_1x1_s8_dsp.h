#ifndef TINYSSL_CONV2D_1X1_S8_DSP_H
#define TINYSSL_CONV2D_1X1_S8_DSP_H

#include <stdint.h>

#include "product4_s8_dsp.h"

/* int8 pointwise convolution, NHWC, batch 1, without padding. Where the stride is 1, all rows are one:
 * out_h is 1 and out_w the number of pixels. */
struct tinyssl_conv2d_1x1_dsp {
    struct tinyssl_product4_dsp product; /* depth: input channels */
    uint16_t row_bytes;                  /* from the pixels of an output row to those of the next; 0
                                          * where there is one row */
    uint16_t pitch;                      /* bytes from a pixel to the next that is read */
    uint16_t out_h, out_w;               /* elements */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c], pixels out_pitch apart; scratch: TINYSSL_COLUMN(in_c, 4), aligned to 4
 * bytes.
 * `out` may lie over inputs that were read, as far as `pointwise` of tinyssl/targets/streaming.py says. */
void tinyssl_conv2d_1x1_s8_dsp(const int8_t *in, const struct tinyssl_conv2d_1x1_dsp *p,
                               int8_t *out, int8_t *scratch);

#endif
