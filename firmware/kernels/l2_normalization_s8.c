#include "l2_normalization_s8.h"

#include "fixed_point.h"

/* A factor below 1: value * 2^(-31 - shift). */
struct factor {
    int32_t value, shift;
};

/* x * 2^bits, at the ends of int32 where it leaves it. */
static int32_t scaled_up(int32_t x, int32_t bits)
{
    const int64_t y = (int64_t)x * (INT64_C(1) << bits);
    return (int32_t)(y > INT32_MAX ? INT32_MAX : y < INT32_MIN ? INT32_MIN : y);
}

/* 1 / sqrt(sum). Five Newton steps x = 3/2 x - sum/2 x^3 from 1, in Q3.28, on the sum brought to
 * [1/2, 2) by an even shift; the product of Qa and Qb is Q(a+b), hence the shifts by 6 and 3. */
static struct factor inverse_root(int32_t sum)
{
    const int32_t half_root_of_two = 1518500250;                          /* sqrt(1/2), Q0.31 */
    const int32_t three_halves = (INT32_C(1) << 28) + (INT32_C(1) << 27); /* Q3.28 */
    struct factor found = {INT32_MAX, 0};
    if (sum <= 1) {
        return found;
    }
    found.shift = 11;
    while (sum >= INT32_C(1) << 29) {
        sum /= 4;
        found.shift++;
    }
    while (sum < INT32_C(1) << 27) {
        sum *= 4;
        found.shift--;
    }
    const int32_t half = tinyssl_shift_right(sum >> 1, 1);
    int32_t x = INT32_C(1) << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t x2 = tinyssl_high_product(x, x);
        const int32_t x3 = scaled_up(tinyssl_high_product(x2, x), 6);
        const int32_t next = tinyssl_high_product(three_halves, x) - tinyssl_high_product(half, x3);
        x = scaled_up(next, 3);
    }
    found.value = tinyssl_high_product(x, half_root_of_two);
    if (found.shift < 0) {
        found.value *= INT32_C(1) << -found.shift;
        found.shift = 0;
    }
    return found;
}

void tinyssl_l2_normalization_s8(const int8_t *in, const struct tinyssl_l2_normalization *p,
                                 int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t x = in[i] - p->in_zero;
            sum += x * x;
        }
        const struct factor factor = inverse_root(sum);
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t y =
                tinyssl_requantise(in[i] - p->in_zero, factor.value, 7 - factor.shift);
            out[i] = tinyssl_clamp(y, INT8_MIN, INT8_MAX);
        }
        in += p->depth;
        out += p->depth;
    }
}
