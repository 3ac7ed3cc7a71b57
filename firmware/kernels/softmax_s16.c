#include "softmax_s16.h"

#include "fixed_point.h"

static int16_t saturate(int32_t x)
{
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

/* The table's value at x, which is its place from INT16_MIN to INT16_MAX. */
static int16_t look_up(const int16_t *table, int16_t x)
{
    const int32_t place = 256 + (x >> 7);
    const int32_t slope = (int16_t)(table[place + 1] - table[place]);
    return (int16_t)(table[place] + ((slope * (x & 0x7F) + 64) >> 7));
}

/* exp(beta * scale * difference) in Q0.15; differences are not above 0. */
static int16_t exponential(int32_t difference, const struct tinyssl_softmax_s16 *p)
{
    const uint32_t scaled =
        tinyssl_requantise_wrapping((uint32_t)difference, p->multiplier, p->shift);
    return look_up(p->exponential, saturate((int32_t)(scaled + INT16_MAX)));
}

static void softmax_row(const int16_t *in, const struct tinyssl_softmax_s16 *p, int16_t *out)
{
    int32_t max = INT16_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = in[i] > max ? in[i] : max;
    }
    int32_t sum = 0; /* Q16.15 */
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] = exponential(in[i] - max, p);
        sum += out[i];
    }
    /* sum = 2^(16 - zeros) * (1 + x) */
    int32_t zeros = 0;
    while (((uint32_t)sum << zeros) < UINT32_C(0x80000000)) {
        zeros++;
    }
    const int32_t shifted = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
    const int32_t scale = look_up(p->reciprocal, saturate(shifted - (1 << 15) - (1 << 16)));
    const int32_t right = 31 - zeros;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t product = (out[i] * scale + (INT32_C(1) << (right - 1))) >> right;
        out[i] = (int16_t)(product < 0 ? 0 : product > INT16_MAX ? INT16_MAX : product);
    }
}

void tinyssl_softmax_s16(const int16_t *in, const struct tinyssl_softmax_s16 *p, int16_t *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(in + row * p->depth, p, out + row * p->depth);
    }
}
