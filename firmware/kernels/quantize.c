#include "quantize.h"

#include <string.h>

#include "fixed_point.h"
#include "quantize_f32.h"

#define DEFINE_QUANTIZE(name, to, least, most)                                                     \
    void tinyssl_##name(const float *in, const struct tinyssl_quantize *p, to *out)                \
    {                                                                                              \
        const int32_t zero = p->out_zero, size = p->size;                                          \
        const float scale = p->scale, low = (float)((least)-zero), high = (float)((most)-zero);    \
        for (int32_t i = 0; i < size; i++) {                                                       \
            out[i] = (to)(tinyssl_quantized(in[i], scale, low, high) + zero);                      \
        }                                                                                          \
    }

DEFINE_QUANTIZE(quantize_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_QUANTIZE(quantize_u8, uint8_t, 0, UINT8_MAX)
DEFINE_QUANTIZE(quantize_s16, int16_t, INT16_MIN, INT16_MAX)

static int32_t clamped(int32_t x, int32_t low, int32_t high)
{
    return x < low ? low : x > high ? high : x;
}

static int32_t rescaled(const struct tinyssl_rescale *p, int32_t x)
{
    return tinyssl_requantise(x - p->in_zero, p->multiplier, p->shift) + p->out_zero;
}

#define DEFINE_RESCALE(name, from, to, low, high)                                                  \
    void tinyssl_##name(const from *in, const struct tinyssl_rescale *p, to *out)                  \
    {                                                                                              \
        const struct tinyssl_rescale own = *p; /* no output can change it */                       \
        for (int32_t i = 0; i < own.size; i++) {                                                   \
            out[i] = (to)clamped(rescaled(&own, in[i]), low, high);                                \
        }                                                                                          \
    }

DEFINE_RESCALE(rescale_s8, int8_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_RESCALE(rescale_s8_u8, int8_t, uint8_t, 0, UINT8_MAX)
DEFINE_RESCALE(rescale_s8_s16, int8_t, int16_t, INT16_MIN, INT16_MAX)
DEFINE_RESCALE(rescale_s8_s32, int8_t, int32_t, INT32_MIN, INT32_MAX)
DEFINE_RESCALE(rescale_u8_s8, uint8_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_RESCALE(rescale_u8, uint8_t, uint8_t, 0, UINT8_MAX)
DEFINE_RESCALE(rescale_s16_s8, int16_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_RESCALE(rescale_s16, int16_t, int16_t, INT16_MIN, INT16_MAX)
DEFINE_RESCALE(rescale_s16_s32, int16_t, int32_t, INT32_MIN, INT32_MAX)
DEFINE_RESCALE(rescale_s32_s8, int32_t, int8_t, INT8_MIN, INT8_MAX)
DEFINE_RESCALE(rescale_s32_s16, int32_t, int16_t, INT16_MIN, INT16_MAX)

static inline void flip_word(const int8_t *in, int8_t *out)
{
    uint32_t word = 0;
    memcpy(&word, in, sizeof word);
    word ^= UINT32_C(0x80808080);
    memcpy(out, &word, sizeof word);
}

void tinyssl_flip(const int8_t *in, const struct tinyssl_flip *p, int8_t *out)
{
    enum { AT_ONCE = 16 };
    int32_t left = p->size; /* no output can change it */
    for (; left >= AT_ONCE; left -= AT_ONCE, in += AT_ONCE, out += AT_ONCE) {
        flip_word(in, out);
        flip_word(in + 4, out + 4);
        flip_word(in + 8, out + 8);
        flip_word(in + 12, out + 12);
    }
    for (; left > 0; left--) {
        *out++ = (int8_t)(*in++ ^ INT8_MIN);
    }
}
