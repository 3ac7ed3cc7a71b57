/* A float32 as sign, exponent and fraction: for cores that compute with integers alone. */
#ifndef TINYSSL_FLOAT_BITS_H
#define TINYSSL_FLOAT_BITS_H

#include <stdint.h>
#include <string.h>

#define TINYSSL_FRACTION 23             /* bits */
#define TINYSSL_ONE (UINT32_C(1) << 23) /* the bit above them, which is not stored */

static inline uint32_t tinyssl_bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float tinyssl_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The exponent as it is stored: 0 for 0 and numbers below 2^-126, 255 for what is not finite. */
static inline int32_t tinyssl_exponent_of(uint32_t bits)
{
    return (int32_t)(bits >> TINYSSL_FRACTION & 0xff);
}

static inline int tinyssl_is_finite(float x)
{
    return tinyssl_exponent_of(tinyssl_bits_of(x)) != 255;
}

/* The fraction with the bit above, [2^23, 2^24). */
static inline uint32_t tinyssl_significand_of(uint32_t bits)
{
    return (bits & (TINYSSL_ONE - 1)) | TINYSSL_ONE;
}

#endif
