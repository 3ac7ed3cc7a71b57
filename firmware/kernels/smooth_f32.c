#include "smooth_f32.h"

#include <string.h>

#include "product_f32.h"

#define EXP_MIN (-87.0f)
#define EXP_MAX 88.0f
#define LOG2_E 1.44269504f
#define LN2_HIGH 0.693359375f /* few bits: its product with a whole number below 2^9 is exact */
#define LN2_LOW (-2.12194440e-4f)
#define ROOT2 1.41421356f
#define TANH_SMALL 0.25f

#define EXPONENT_BITS 23
#define EXPONENT_BIAS 127
#define MANTISSA 0x007FFFFFu

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* factors[0] + x * (factors[1] + x * (…)) */
static float polynomial(float x, const float *factors, int32_t count)
{
    float sum = factors[count - 1];
    for (int32_t i = count - 2; i >= 0; i--) {
        sum = tinyssl_product(sum, x) + factors[i];
    }
    return sum;
}

/* Taylor's series on [-ln 2 / 2, ln 2 / 2], scaled by a power of two. */
float tinyssl_smooth_exp(float x)
{
    static const float factors[] = {1.0f,      1.0f,       1.0f / 2,   1.0f / 6,
                                    1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
    if (!(x >= EXP_MIN)) {
        return x < EXP_MIN ? 0.0f : x;
    }
    if (x > EXP_MAX) {
        x = EXP_MAX;
    }
    const float steps = tinyssl_product(x, LOG2_E);
    const int32_t power = (int32_t)(steps + (steps < 0.0f ? -0.5f : 0.5f));
    float rest = x - tinyssl_product((float)power, LN2_HIGH);
    rest -= tinyssl_product((float)power, LN2_LOW);
    const float scale = from_bits((uint32_t)(power + EXPONENT_BIAS) << EXPONENT_BITS);
    return polynomial(rest, factors, 8) * scale;
}

/* 2 artanh((m - 1) / (m + 1)) of a mantissa m near 1, and its power of two. */
float tinyssl_smooth_log(float x)
{
    static const float factors[] = {2.0f, 2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9};
    const uint32_t bits = to_bits(x);
    int32_t power = (int32_t)(bits >> EXPONENT_BITS) - EXPONENT_BIAS;
    float mantissa = from_bits((bits & MANTISSA) | ((uint32_t)EXPONENT_BIAS << EXPONENT_BITS));
    if (mantissa > ROOT2) {
        mantissa *= 0.5f;
        power++;
    }
    const float t = (mantissa - 1.0f) / (mantissa + 1.0f);
    const float square = tinyssl_product(t, t);
    const float small =
        tinyssl_product(t, polynomial(square, factors, 5)) + tinyssl_product((float)power, LN2_LOW);
    return tinyssl_product((float)power, LN2_HIGH) + small;
}

static float smooth_tanh(float x)
{
    static const float factors[] = {1.0f, -1.0f / 3, 2.0f / 15, -17.0f / 315, 62.0f / 2835};
    const float size = x < 0.0f ? -x : x;
    if (size < TANH_SMALL) {
        return tinyssl_product(x, polynomial(tinyssl_product(x, x), factors, 5));
    }
    const float power = tinyssl_smooth_exp(-2.0f * size);
    const float found = (1.0f - power) / (1.0f + power);
    return x < 0.0f ? -found : found;
}

static float smooth_logistic(float x)
{
    const float power = tinyssl_smooth_exp(x < 0.0f ? x : -x);
    return (x < 0.0f ? power : 1.0f) / (1.0f + power);
}

void tinyssl_smooth_tanh_f32(const float *in, const struct tinyssl_elements *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = smooth_tanh(in[i]);
    }
}

void tinyssl_smooth_logistic_f32(const float *in, const struct tinyssl_elements *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = smooth_logistic(in[i]);
    }
}
