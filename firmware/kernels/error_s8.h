/* Errors of a training step in int8: element * scale * 2^exponent. The scale is known when C is
 * generated; the exponent is one for each tensor and step, found so that the largest element takes
 * seven bits. All is integer arithmetic, and sums are exact whatever their order. */
#ifndef TINYSSL_ERROR_S8_H
#define TINYSSL_ERROR_S8_H

#include <stdint.h>

#define TINYSSL_ERROR_MAX 127

/* x, or -1 - x of a negative one: as many bits as its size takes. */
static inline uint32_t tinyssl_size_bits(int32_t x)
{
    return (uint32_t)(x < 0 ? ~x : x);
}

/* The right shift that brings sums to seven bits. bits: of all their sizes, by OR. */
static inline int32_t tinyssl_error_shift(uint32_t bits)
{
    int32_t shift = 0;
    while (bits >> shift > TINYSSL_ERROR_MAX) {
        shift++;
    }
    return shift;
}

/* sum / 2^shift, halves upwards. sum: within +-2^30. */
static inline int8_t tinyssl_error_of(int32_t sum, int32_t shift)
{
    const int32_t found = (sum + ((INT32_C(1) << shift) >> 1)) >> shift;
    return (int8_t)(found < -TINYSSL_ERROR_MAX  ? -TINYSSL_ERROR_MAX
                    : found > TINYSSL_ERROR_MAX ? TINYSSL_ERROR_MAX
                                                : found);
}

static inline int32_t tinyssl_exponent_at(const int8_t *exponent)
{
    return *(const int32_t *)(const void *)exponent;
}

static inline void tinyssl_set_exponent(int8_t *exponent, int32_t value)
{
    *(int32_t *)(void *)exponent = value;
}

#endif
