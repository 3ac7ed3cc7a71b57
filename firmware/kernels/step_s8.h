/* A step of a quantised parameter: fixed-point factors, and rounding at random. */
#ifndef TINYSSL_STEP_S8_H
#define TINYSSL_STEP_S8_H

#include <stdint.h>

#include "float_bits.h"
#include "in_bytes.h"

#define TINYSSL_WEIGHT_MAX 127

/* A step is `sum * significand / 2^shift`, in 2^-16 of a quantisation step. */
struct TINYSSL_IN_BYTES tinyssl_factor {
    int32_t significand; /* within +-2^24 */
    int32_t shift;
};

/* real * 2^exponent as a factor; 0 for what is no normal number. */
static inline struct tinyssl_factor tinyssl_factor_of(float real, int32_t exponent)
{
    const uint32_t bits = tinyssl_bits_of(real);
    const int32_t field = tinyssl_exponent_of(bits);
    struct tinyssl_factor found = {0, 1};
    if (field != 0 && field != 255) {
        const int32_t significand = (int32_t)tinyssl_significand_of(bits);
        found.significand = bits >> 31 ? -significand : significand;
        found.shift = TINYSSL_FRACTION + 127 - 16 - field - exponent;
    }
    return found;
}

#define TINYSSL_STEP_BITS 46 /* sizes of steps end at 2^46, 2^30 quantisation steps */

/* Halves upwards. */
static inline int64_t tinyssl_step(int32_t sum, struct tinyssl_factor by)
{
    const int64_t most = INT64_C(1) << TINYSSL_STEP_BITS;
    int64_t product = (int64_t)sum * by.significand;
    int64_t end = most;
    if (by.shift > 62) {
        return 0;
    }
    if (by.shift > 0) {
        product = (product + (INT64_C(1) << (by.shift - 1))) >> by.shift;
    } else {
        end = by.shift < -TINYSSL_STEP_BITS ? 0 : most >> -by.shift;
    }
    if (product > end || product < -end) {
        return product > 0 ? most : -most;
    }
    return by.shift > 0 ? product : product * (INT64_C(1) << -by.shift);
}

/* 16 random bits of a place: a hash with two products (C. Wellons, hash-prospector, lowbias32). */
static inline int32_t tinyssl_random16(uint32_t seed, uint32_t place)
{
    uint32_t x = seed + place * UINT32_C(0x9e3779b1);
    x = (x ^ x >> 16) * UINT32_C(0x7feb352d);
    x = (x ^ x >> 15) * UINT32_C(0x846ca68b);
    return (int32_t)((x ^ x >> 16) >> 16);
}

/* The state of the random numbers for the next layer (Numerical Recipes, section 7.1). */
static inline uint32_t tinyssl_next_state(uint32_t state)
{
    return state * UINT32_C(1664525) + UINT32_C(1013904223);
}

/* parameter less a step of 2^-16, within +-most. random: [0, 2^16). */
static inline int32_t tinyssl_stepped(int32_t parameter, int64_t step, int32_t random, int32_t most)
{
    const int64_t next = parameter - ((step + random) >> 16);
    return (int32_t)(next > most ? most : next < -most ? -most : next);
}

#endif
