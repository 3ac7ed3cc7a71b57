#include "errors_s8.h"

#include "error_s8.h"
#include "float_bits.h"

#define SIGN (UINT32_C(1) << 31)
#define NOT_FINITE 255 /* as an exponent is stored */
#define BIAS 127

/* A float over 2^(largest - 133), where `largest` is its exponent as it is stored or one above. */
static int8_t rounded(uint32_t bits, int32_t largest)
{
    const int32_t field = tinyssl_exponent_of(bits);
    const int32_t shift = TINYSSL_FRACTION - 6 + largest - field;
    if (field == 0 || shift > TINYSSL_FRACTION + 1) {
        return 0; /* below a half */
    }
    const uint32_t half = UINT32_C(1) << (shift - 1);
    const uint32_t size = (tinyssl_significand_of(bits) + half) >> shift;
    const int32_t found = (int32_t)(size > TINYSSL_ERROR_MAX ? TINYSSL_ERROR_MAX : size);
    return (int8_t)(bits & SIGN ? -found : found);
}

void tinyssl_quantise_error_s8(const float *error, const struct tinyssl_quantise_error *p,
                               int8_t *out, int32_t *exponent)
{
    uint32_t most = 0; /* sizes are ordered as their bits are */
    for (int32_t i = 0; i < p->size; i++) {
        const uint32_t size = tinyssl_bits_of(error[i]) & ~SIGN;
        most = size > most ? size : most;
    }
    const int32_t largest = tinyssl_exponent_of(most);
    const int nothing = largest == 0 || largest == NOT_FINITE;
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = nothing ? 0 : rounded(tinyssl_bits_of(error[i]), largest);
    }
    *exponent = nothing ? 0 : largest - BIAS - 6;
}

static int32_t less(int32_t scale, int32_t shift)
{
    return shift > 15 ? 0 : scale >> shift;
}

void tinyssl_error_sum_s8(const int8_t *left, const int32_t *left_exponent, const int8_t *right,
                          const int32_t *right_exponent, const struct tinyssl_error_sum *p,
                          int8_t *out, int32_t *exponent)
{
    const int32_t a = *left_exponent, b = *right_exponent, most = a > b ? a : b;
    const int32_t left_scale = less(p->left_scale, most - a);
    const int32_t right_scale = less(p->right_scale, most - b);
    uint32_t bits = 0;
    for (int32_t i = 0; i < p->size; i++) {
        bits |= tinyssl_size_bits(left[i] * left_scale + right[i] * right_scale);
    }
    const int32_t shift = tinyssl_error_shift(bits);
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = tinyssl_error_of(left[i] * left_scale + right[i] * right_scale, shift);
    }
    *exponent = most - 15 + shift;
}

void tinyssl_clamp_error_s8(const int8_t *error, const int8_t *y,
                            const struct tinyssl_clamp_error_s8 *p, int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = y[i] > p->low && y[i] < p->high ? error[i] : (int8_t)0;
    }
}
