#include "softmax_wide.h"

#include "softmax_fixed.h"

/* What the exponentials of a row are multiplied by: scale, then a shift to the right. */
struct factor {
    int32_t max; /* of the row */
    int32_t scale;
    int32_t shift; /* to probabilities in Q0.0 */
};

static struct factor factor_of(const int8_t *in, const struct tinyssl_softmax *p)
{
    struct factor factor;
    factor.max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        factor.max = in[i] > factor.max ? in[i] : factor.max;
    }
    int64_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        sum += tinyssl_shift_right(tinyssl_exponential(in[i] - factor.max, p), 12);
    }
    /* sum = 2^(12 - zeros) * (1 + fraction) */
    const uint32_t kept = (uint32_t)tinyssl_saturate(sum);
    const int32_t zeros = tinyssl_leading_zeros(kept);
    factor.scale = tinyssl_one_over_one_plus((int32_t)((kept << zeros) - UINT32_C(0x80000000)));
    factor.shift = 12 - zeros + 31;
    return factor;
}

/* Probability of one element in units of 2^-bits. */
static int32_t probability(int32_t x, const struct tinyssl_softmax *p, const struct factor *factor,
                           int32_t bits)
{
    const int32_t shift = factor->shift - bits;
    if (shift > 31) {
        return 0;
    }
    const int32_t exponential = tinyssl_exponential(x - factor->max, p);
    return tinyssl_shift_right(tinyssl_high_product(exponential, factor->scale), shift);
}

void tinyssl_softmax_s8_s16(const int8_t *in, const struct tinyssl_softmax *p, int16_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        const struct factor factor = factor_of(in, p);
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t value = probability(in[i], p, &factor, 16) + INT16_MIN;
            out[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
        }
    }
}

void tinyssl_softmax_deep_s8(const int8_t *in, const struct tinyssl_softmax *p, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        const struct factor factor = factor_of(in, p);
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = tinyssl_clamp(probability(in[i], p, &factor, 8) - 128, INT8_MIN, INT8_MAX);
        }
    }
}
