#include "quantize_rv32.h"

#include "float_bits.h"
#include "quantize_f32.h"

enum {
    SMALL = -2,      /* exponent of a quotient below 1/2 */
    LARGE = 17,      /* of one above all outputs */
    LEAST_SCALE = 3, /* stored exponent from which a number without one of its own is small */
    NOT_FINITE = 255,
    MOST_SCALE = NOT_FINITE - LARGE, /* up to which what is not finite is large */
    DOUBT = 1 << 8, /* of the quotient's last places: rounded to a float it may reach a half */
};

/* 1 / scale, to compute with; exponent: of scale, as it is stored. */
struct inverse {
    uint32_t factor; /* 2^55 / significand, downwards */
    int32_t exponent;
    float scale;
    int32_t low, high; /* of a quotient */
};

static struct inverse inverse_of(float scale, int32_t low, int32_t high)
{
    const uint32_t bits = tinyssl_bits_of(scale);
    const uint64_t factor = ((UINT64_C(1) << 55) - 1) / tinyssl_significand_of(bits);
    return (struct inverse){(uint32_t)factor, tinyssl_exponent_of(bits), scale, low, high};
}

static int32_t by_division(float x, const struct inverse *p)
{
    return tinyssl_quantized(x, p->scale, (float)p->low, (float)p->high);
}

/* As tinyssl_quantized. The quotient of the significands has 30 bits behind the point and is at most 2 of
 * its last places too small. A float's rounding moves it by less than 2^7 of them. */
static inline int32_t quotient(float x, const struct inverse *p)
{
    const uint32_t bits = tinyssl_bits_of(x);
    const int32_t exponent = tinyssl_exponent_of(bits) - p->exponent;
    if (exponent <= SMALL) {
        return 0;
    }
    const int32_t negative = (int32_t)bits >> 31;
    if (exponent >= LARGE) {
        if (tinyssl_exponent_of(bits) == NOT_FINITE && (bits & (TINYSSL_ONE - 1)) != 0) {
            return p->low;
        }
        return negative ? p->low : p->high;
    }
    const uint32_t significand = bits << 8 | UINT32_C(1) << 31;
    const uint32_t product = (uint32_t)((uint64_t)significand * p->factor >> 32);
    const int32_t shift = 30 - exponent;
    const uint32_t rounded = (product >> 1) + (UINT32_C(1) << (shift - 1));
    const uint32_t rest = (rounded + DOUBT) << (32 - shift);
    if (rest < (UINT32_C(2) * DOUBT) << (32 - shift)) {
        return by_division(x, p);
    }
    const int32_t size = (int32_t)(rounded >> shift);
    const int32_t found = (size ^ negative) - negative;
    return found < p->low ? p->low : found > p->high ? p->high : found;
}

#define DEFINE_QUANTIZE(name, to, least, most)                                                     \
    void tinyssl_##name##_rv32(const float *in, const struct tinyssl_quantize *p, to *out)         \
    {                                                                                              \
        const int32_t zero = p->out_zero, size = p->size;                                          \
        const struct inverse scale = inverse_of(p->scale, (least)-zero, (most)-zero);              \
        const int exact = scale.exponent < LEAST_SCALE || scale.exponent > MOST_SCALE;             \
        for (int32_t i = 0; i < size; i++) {                                                       \
            const int32_t x = exact ? by_division(in[i], &scale) : quotient(in[i], &scale);        \
            out[i] = (to)(x + zero);                                                               \
        }                                                                                          \
    }

DEFINE_QUANTIZE(quantize_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_QUANTIZE(quantize_u8, uint8_t, 0, UINT8_MAX)
DEFINE_QUANTIZE(quantize_s16, int16_t, INT16_MIN, INT16_MAX)
