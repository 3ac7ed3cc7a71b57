#include "rsqrt_s16.h"

#include "fixed_functions.h"

/* 1 / sqrt(2 x) in Q3.28, for x in [1/4, 1), Q3.28. */
static int32_t newton(int32_t x)
{
    const int32_t half = tinyssl_shift_right(x, 1);
    const int32_t three_halves = INT32_C(3) << 27;
    const int32_t half_root_two = 1518500250;
    int32_t y = INT32_C(1) << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t cube = tinyssl_high_product(tinyssl_high_product(y, y), y);
        const int32_t raised = tinyssl_saturate((int64_t)cube * 64);
        const int32_t next =
            tinyssl_high_product(three_halves, y) - tinyssl_high_product(half, raised);
        y = tinyssl_saturate((int64_t)next * 8);
    }
    return tinyssl_high_product(y, half_root_two);
}

/* 2^20 / sqrt(x) for x > 0. */
static int32_t inverse_root(int32_t x)
{
    if (x == 1) {
        return tinyssl_requantise(1, INT32_MAX, 20);
    }
    const int32_t pairs = (tinyssl_leading_zeros((uint32_t)x) - 1) / 2 - 1;
    const int32_t right = 11 - pairs;
    const int32_t y = newton((x << 2 * pairs) >> 1);
    const int32_t raised = right < 0 ? y * (INT32_C(1) << -right) : y;
    return tinyssl_requantise(1, raised, 20 - (right > 0 ? right : 0));
}

void tinyssl_rsqrt_s16(const int16_t *in, const struct tinyssl_rsqrt *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        int32_t y = INT16_MAX;
        if (in[i] > 0) {
            y = tinyssl_requantise(inverse_root(in[i]), p->multiplier, p->shift);
        }
        out[i] = (int16_t)(y > INT16_MAX ? INT16_MAX : y);
    }
}
