/* 1 / (1 + exp(-x)) and tanh(x) of int16, on lines between the points of one table. */
#ifndef TINYSSL_SIGMOID_S16_H
#define TINYSSL_SIGMOID_S16_H

#include <stdint.h>

struct tinyssl_sigmoid {
    int32_t size;          /* elements */
    const uint16_t *table; /* [256]: 2^16 / (1 + exp(-i / 24)) */
    int32_t multiplier;    /* input to 3 * real * 2^12, with 2^shift in it */
    int16_t shift;         /* [0, 30], to the right */
};

/* in, out: [size]; they may be the same. Outputs are real * 2^15. */
void tinyssl_logistic_s16(const int16_t *in, const struct tinyssl_sigmoid *p, int16_t *out);
void tinyssl_tanh_s16(const int16_t *in, const struct tinyssl_sigmoid *p, int16_t *out);

/* One element of LOGISTIC; x: 3 * real * 2^12. */
static inline int16_t tinyssl_logistic_of(const uint16_t *table, int32_t x)
{
    const uint32_t size = (uint32_t)(x < 0 ? -x : x);
    const uint32_t at = size >> 9;
    uint32_t y = UINT32_C(0x7fff) << 10; /* real * 2^25 */
    if (at < 255) {
        y = ((uint32_t)table[at] << 9) + (size & 0x1ff) * (uint32_t)(table[at + 1] - table[at]);
    }
    y = x < 0 ? (UINT32_C(1) << 25) - y + 0x1ff : y + 0x200;
    return (int16_t)(y >> 10);
}

/* One element of TANH; x: 3 * real * 2^12. */
static inline int16_t tinyssl_tanh_of(const uint16_t *table, int32_t x)
{
    const uint32_t size = (uint32_t)(x < 0 ? -x : x);
    const uint32_t at = size >> 8;
    int32_t y = 0xffff << 8; /* (1 + real) * 2^23 */
    if (at < 255) {
        y = (table[at] << 8) + (int32_t)(size & 0xff) * (table[at + 1] - table[at]);
    }
    y -= INT32_C(1) << 23;
    return (int16_t)((x < 0 ? 0x7f - y : y + 0x80) >> 8);
}

#endif
