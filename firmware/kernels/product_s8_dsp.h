/* Product of a weight matrix and one or two columns of activations: what the pointwise and general
 * convolutions and the fully connected layer have in common. */
#ifndef TINYSSL_PRODUCT_S8_DSP_H
#define TINYSSL_PRODUCT_S8_DSP_H

#include <stdint.h>

#include "dsp.h"

/* Channels and depth of the weights are padded with zeros to multiples of 2 and 4. */
struct tinyssl_product_dsp {
    const int8_t *weight;     /* [channels / 2][depth / 4][2][4], aligned to 4 bytes */
    const int32_t *channel;   /* [channels][2]: the words of struct tinyssl_channel (dsp.h) */
    int32_t depth;            /* inputs of a channel, not padded */
    int16_t out_c;            /* channels, not padded */
    int16_t out_zero;         /* zero point, [-128, 127] */
    int16_t out_min, out_max; /* fused activation, [-128, 127] */
    int16_t sign;             /* 0: the activation begins at the zero point; 1: below it */
};

/* Bytes of a column of two pixels; of one pixel half of it. Keep in step with the generator. */
#define TINYSSL_COLUMN_BYTES(depth) (((depth) + 3) / 4 * 16)

/* Two pixels of `depth` bytes each to int16, doubled, in the order that SXTB16 gives. Nothing is read past
 * either pixel. column: aligned to 4 bytes. */
void tinyssl_widen2(const int8_t *first, const int8_t *second, int32_t depth, uint8_t *column);
void tinyssl_widen1(const int8_t *pixel, int32_t depth, uint8_t *column);

/* out_c outputs of each pixel, not yet clamped to the activation. */
void tinyssl_product2(const struct tinyssl_product_dsp *p, const uint8_t *column, int8_t *first,
                      int8_t *second);
void tinyssl_product1(const struct tinyssl_product_dsp *p, const uint8_t *column, int8_t *out);

/* Clamps to the fused activation where that is narrower than int8. */
void tinyssl_activate(int8_t *out, int32_t size, int32_t low, int32_t high);

#endif
