/* Requantisation as TensorFlow Lite Micro's reference kernels do it: two roundings, the first of
 * the doubled high half of a 32x32 product, the second of the right shift. Byte equality with
 * them rests on this file. */
#ifndef TINYSSL_FIXED_POINT_H
#define TINYSSL_FIXED_POINT_H

#include <stdint.h>

/* C leaves the right shift of negative numbers to the compiler. A check that C++ takes too. */
typedef char tinyssl_needs_an_arithmetic_right_shift[(-3 >> 1) == -2 ? 1 : -1];

/* round(a * b / 2^31), halves upwards. Fits unless both are INT32_MIN. */
static inline int32_t tinyssl_high_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* round(x / 2^shift), halves away from zero; `shift` in [0, 31]. */
static inline int32_t tinyssl_shift_right(int32_t x, int32_t shift)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << shift) - 1U);
    const int32_t rest = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> shift) + (rest > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31), rounded twice.
 * multiplier: 0 or [2^30, 2^31); shift: [-31, 30], positive shifts left, and then x * 2^shift
 * must fit 32 bits (the generator checks this for every layer). */
static inline int32_t tinyssl_requantise(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return tinyssl_shift_right(tinyssl_high_product(x * (INT32_C(1) << left), multiplier), right);
}

/* The same where the shifted sum may pass 32 bits: all is modulo 2^32, as TensorFlow Lite Micro
 * computes it on cores whose integers wrap. */
static inline uint32_t tinyssl_requantise_wrapping(uint32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t product = tinyssl_high_product((int32_t)(x << left), multiplier);
    return (uint32_t)tinyssl_shift_right(product, right);
}

/* x * multiplier * 2^(shift - 31) with the multiplier rounded to 15 bits, rounded once, halves
 * upwards: sums of 16-bit activations. x: [-2^47, 2^47); shift: [-31, 7]. */
static inline int32_t tinyssl_requantise_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const int32_t factor = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int32_t right = 15 - shift;
    return (int32_t)(((x * factor >> (right - 1)) + 1) >> 1);
}

static inline int8_t tinyssl_clamp(int32_t x, int32_t low, int32_t high)
{
    return (int8_t)(x < low ? low : x > high ? high : x);
}

#endif
