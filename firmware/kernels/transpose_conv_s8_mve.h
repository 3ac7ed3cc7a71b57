#ifndef TINYSSL_TRANSPOSE_CONV_S8_MVE_H
#define TINYSSL_TRANSPOSE_CONV_S8_MVE_H

#include <stdint.h>

#include "product_s8_mve.h"

/* int8 transposed convolution, NHWC, batch 1. Outputs `up` apart read the same taps, those of a phase,
 * of neighbouring inputs. Phase (ky, kx) has the taps ky, ky + up_h, ... and kx, kx + up_w, ... of the
 * filters turned round. */
struct tinyssl_transpose_conv_mve {
    struct tinyssl_product_mve product; /* weight and channel: of all phases [up_h][up_w], each as a
                                         * product of its depth; depth: of the first, the largest */
    int16_t in_h, in_w, in_c;           /* elements */
    int16_t out_h, out_w;               /* elements */
    int16_t k_h, k_w;                   /* taps */
    int16_t up_h, up_w;                 /* elements of the spread input for one of the input */
    int16_t pad_top, pad_left;          /* elements of the spread input */
    int16_t in_zero;                    /* zero point, [-128, 127] */
};

/* in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c], apart; scratch: two windows of `depth` bytes. */
void tinyssl_transpose_conv_s8_mve(const int8_t *in, const struct tinyssl_transpose_conv_mve *p,
                                   int8_t *out, int8_t *scratch);

#endif
