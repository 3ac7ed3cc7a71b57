#include "quantize.h"

#include "fixed_point.h"

#define FAR 1048576.0F /* beyond any output, and its neighbours' halves are exact */

static int32_t clamped(int32_t x, int32_t low, int32_t high)
{
    return x < low ? low : x > high ? high : x;
}

static int32_t quantized(const struct tinyssl_quantize *p, float x)
{
    float scaled = x / p->scale;
    scaled = scaled > -FAR ? scaled : -FAR; /* not a number compares as false */
    scaled = scaled < FAR ? scaled : FAR;
    const int32_t whole = (int32_t)scaled;
    const float rest = scaled - (float)whole;
    return whole + (rest >= 0.5F ? 1 : rest <= -0.5F ? -1 : 0) + p->out_zero;
}

void tinyssl_quantize_s8(const float *in, const struct tinyssl_quantize *p, int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int8_t)clamped(quantized(p, in[i]), INT8_MIN, INT8_MAX);
    }
}

void tinyssl_quantize_s16(const float *in, const struct tinyssl_quantize *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int16_t)clamped(quantized(p, in[i]), INT16_MIN, INT16_MAX);
    }
}

static int32_t rescaled(const struct tinyssl_rescale *p, int32_t x)
{
    return tinyssl_requantise(x - p->in_zero, p->multiplier, p->shift) + p->out_zero;
}

void tinyssl_rescale_s8(const int8_t *in, const struct tinyssl_rescale *p, int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int8_t)clamped(rescaled(p, in[i]), INT8_MIN, INT8_MAX);
    }
}

void tinyssl_rescale_s8_s16(const int8_t *in, const struct tinyssl_rescale *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int16_t)clamped(rescaled(p, in[i]), INT16_MIN, INT16_MAX);
    }
}

void tinyssl_rescale_s16_s8(const int16_t *in, const struct tinyssl_rescale *p, int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int8_t)clamped(rescaled(p, in[i]), INT8_MIN, INT8_MAX);
    }
}

void tinyssl_rescale_s16(const int16_t *in, const struct tinyssl_rescale *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (int16_t)clamped(rescaled(p, in[i]), INT16_MIN, INT16_MAX);
    }
}
