#include "softmax_s8.h"

#include "softmax_fixed.h"

/* Exponentials that are kept from the sum for the outputs. */
enum { KEPT = 16 };

static void softmax_row(const int8_t *in, const struct tinyssl_softmax *p, int8_t *out)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = in[i] > max ? in[i] : max;
    }
    int32_t kept[KEPT];
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t exponential = tinyssl_exponential(in[i] - max, p);
        if (i < KEPT) {
            kept[i] = exponential;
        }
        sum += tinyssl_shift_right(exponential, 12);
    }
    /* sum = 2^(12 - zeros) * (1 + fraction) */
    const int32_t zeros = tinyssl_leading_zeros((uint32_t)sum);
    const int32_t fraction = (int32_t)(((uint32_t)sum << zeros) - UINT32_C(0x80000000));
    const int32_t scale = tinyssl_one_over_one_plus(fraction);
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t exponential = i < KEPT ? kept[i] : tinyssl_exponential(in[i] - max, p);
        const int32_t product = tinyssl_high_product(exponential, scale);
        const int32_t value = tinyssl_shift_right(product, 12 - zeros + 31 - 8);
        out[i] = tinyssl_clamp(value - 128, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_softmax_s8(const int8_t *in, const struct tinyssl_softmax *p, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(in + row * p->depth, p, out + row * p->depth);
    }
}
