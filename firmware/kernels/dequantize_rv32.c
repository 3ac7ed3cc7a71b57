#include "dequantize_rv32.h"

#include "float_bits.h"

/* Stored exponents of the scales with which every product is a normal number. */
enum { LEAST = 1, MOST = 254 - 9 };

/* How far a product of 24 to 32 bits is to be shifted for 24. */
static inline uint32_t excess(uint32_t product)
{
    uint32_t shift = 0;
    if (product >> 28) {
        shift = 4;
    }
    if (product >> (26 + shift)) {
        shift += 2;
    }
    if (product >> (25 + shift)) {
        shift += 1;
    }
    return shift + (product >> (24 + shift) ? 1 : 0);
}

/* n times a scale in (0, 2^24): rounded to the nearest number, halves to the even one. n: [-255, 255]. */
static inline uint32_t product_of(int32_t n, uint32_t significand, uint32_t exponent)
{
    if (n == 0) {
        return 0;
    }
    const uint32_t product = (uint32_t)(n < 0 ? -n : n) * significand;
    const uint32_t shift = excess(product);
    const uint32_t even = product >> shift & 1;
    const uint32_t half = UINT32_C(1) << shift >> 1;
    const uint32_t whole = shift ? (product + half - 1 + even) >> shift : product;
    const uint32_t sign = (uint32_t)n & UINT32_C(1) << 31;
    /* The highest bit of the significand adds one to the exponent. */
    return sign | (((exponent + shift - 1) << TINYSSL_FRACTION) + whole);
}

#define DEFINE_DEQUANTIZE(name, from)                                                              \
    void tinyssl_##name##_rv32(const from *in, const struct tinyssl_dequantize *p, float *out)     \
    {                                                                                              \
        const float scale = p->scale;                                                              \
        const uint32_t bits = tinyssl_bits_of(scale);                                              \
        const uint32_t significand = tinyssl_significand_of(bits);                                 \
        const int32_t exponent = (int32_t)(bits >> TINYSSL_FRACTION);                              \
        const int32_t zero = p->in_zero, size = p->size;                                           \
        const int normal = exponent >= LEAST && exponent <= MOST;                                  \
        for (int32_t i = 0; i < size; i++) {                                                       \
            const int32_t n = in[i] - zero;                                                        \
            out[i] = normal ? tinyssl_float_of(product_of(n, significand, (uint32_t)exponent))     \
                            : scale * (float)n;                                                    \
        }                                                                                          \
    }

DEFINE_DEQUANTIZE(dequantize_s8, int8_t)
DEFINE_DEQUANTIZE(dequantize_u8, uint8_t)
