/* One element of QUANTIZE from float32. */
#ifndef TINYSSL_QUANTIZE_F32_H
#define TINYSSL_QUANTIZE_F32_H

#include <stdint.h>

/* x / scale to the nearest whole number, halves away from zero, within two whole numbers. A value that is
 * no number compares as false. Twice the quotient is exact, and so is what is left of it as an integer. */
static inline int32_t tinyssl_quantized(float x, float scale, float low, float high)
{
    float scaled = x / scale;
    scaled = scaled > low ? scaled : low;
    scaled = scaled < high ? scaled : high;
    const int32_t twice = (int32_t)(scaled + scaled);
    return (twice + (twice < 0 ? -1 : 1)) / 2;
}

#endif
