/* Product of a weight matrix and one or two pixels for cores with a 32-bit multiplier and no packed
 * arithmetic (RV32IM): what the convolutions and the fully connected layer have in common. */
#ifndef TINYSSL_PRODUCT_S8_RV32_H
#define TINYSSL_PRODUCT_S8_RV32_H

#include <stdint.h>

#include "fixed_point.h"

struct tinyssl_product_rv32 {
    const int8_t *weight; /* [out_c][depth] */
    const int32_t
        *channel;      /* [out_c][2]: start of the sum (bias, zero point of the input folded in) *
                             * 2^8 + shift, which goes right, [0, 31]; multiplier, Q31. A shift of
                             * 0 is for layers whose clamp begins at the zero point */
    int32_t depth;     /* inputs of a channel */
    int16_t out_c;     /* channels */
    int16_t out_pitch; /* bytes from an output pixel to the next, out_c or more */
    int16_t out_zero;  /* zero point, [-128, 127] */
    int16_t out_min, out_max; /* fused activation, [-128, 127] */
};

/* Two pixels of `depth` bytes, out_c outputs of each. */
void tinyssl_product2_rv32(const struct tinyssl_product_rv32 *p, const int8_t *x, const int8_t *y,
                           int8_t *first, int8_t *second);

/* One pixel. */
void tinyssl_product1_rv32(const struct tinyssl_product_rv32 *p, const int8_t *x, int8_t *out);

/* As tinyssl_high_product; |sum| < 2^30. */
static inline int32_t tinyssl_high_product_rv32(int32_t sum, int32_t multiplier)
{
    const int64_t product = (int64_t)(sum * 2) * multiplier;
    return (int32_t)(product >> 32) + (int32_t)((uint32_t)product >> 31);
}

/* As tinyssl_requantise of fixed_point.h and the output's zero point, clamped. The generator proves for
 * each channel that |sum| < 2^30 and that nothing here overflows. entry: of the channel table;
 * zero: zero point of the output. The doubled product's top word and the bit below it are the rounding
 * doubling high product; half of 2^shift, less one where that is negative, makes halves go away from
 * zero; the zero point is added before the shift instead of after it. */
static inline int8_t tinyssl_requantise_rv32(int32_t sum, const int32_t *entry, int32_t zero,
                                             int32_t low, int32_t high)
{
    const int32_t shift = entry[0] & 0x1f;
    int32_t x = tinyssl_high_product_rv32(sum, entry[1]);
    x += x >> 31;
    x += (int32_t)(((uint32_t)zero << shift) + (UINT32_C(1) << shift >> 1));
    return tinyssl_clamp(x >> shift, low, high);
}

/* The same where a layer without such a clamp has shifts of 0, which round nothing. */
static inline int8_t tinyssl_requantise_steep_rv32(int32_t sum, const int32_t *entry, int32_t zero,
                                                   int32_t low, int32_t high)
{
    const int32_t shift = entry[0] & 0x1f;
    int32_t x = tinyssl_high_product_rv32(sum, entry[1]);
    x -= x < 0 && shift != 0;
    x += (int32_t)(((uint32_t)zero << shift) + (UINT32_C(1) << shift >> 1));
    return tinyssl_clamp(x >> shift, low, high);
}

#endif
