/* Product of a weight matrix and one or two pixels: what the pointwise and general convolutions and
 * the fully connected layer have in common. */
#ifndef TINYSSL_PRODUCT_S8_MVE_H
#define TINYSSL_PRODUCT_S8_MVE_H

#include <stdint.h>

struct tinyssl_product_mve {
    const int8_t *weight;     /* [out_c][depth] */
    const int32_t *channel;   /* [channels / 4][2][4], padded: four words start * 2^8 | low byte of
                               * -shift, where the start is the bias with the input's zero point
                               * folded in and the shift goes right, [1, 31]; four multipliers, Q31 */
    int32_t depth;            /* inputs of a channel */
    int16_t out_c;            /* channels */
    int16_t out_pitch;        /* bytes from an output pixel to the next, out_c or more */
    int16_t out_zero;         /* zero point, [-128, 127] */
    int16_t out_min, out_max; /* fused activation, [-128, 127] */
    int16_t sign;             /* 0 where what is negative before the zero point is clamped anyway */
};

/* Two pixels of `depth` bytes, out_c outputs of each. */
void tinyssl_product2_mve(const struct tinyssl_product_mve *p, const int8_t *x, const int8_t *y,
                          int8_t *first, int8_t *second);

/* One pixel. */
void tinyssl_product1_mve(const struct tinyssl_product_mve *p, const int8_t *x, int8_t *out);

/* Pixels that lie `step` bytes apart: side by side, of a depth of 16 or less, four channels of all
 * and then the next four; else by twos, all channels of each. */
void tinyssl_product_line_mve(const struct tinyssl_product_mve *p, const int8_t *x, int32_t pixels,
                              int32_t step, int8_t *out);

#endif
