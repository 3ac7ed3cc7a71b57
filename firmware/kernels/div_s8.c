#include "div_s8.h"

#include "fixed_functions.h"

/* What TFLM takes as the inverse of 0: its Newton steps wrap around. */
#define OF_ZERO (-1515870788)

/* Bits that repeat the sign, without the sign itself. */
static int32_t sign_bits(int32_t x)
{
    const uint32_t size = (uint32_t)(x < 0 ? ~x : x);
    return size == 0 ? 31 : tinyssl_leading_zeros(size) - 1;
}

/* x / 2^shift, halves away from zero; beyond 31 what x86 makes of it, as TFLM's tests see it. */
static int32_t divide(int32_t x, int32_t shift)
{
    return shift <= 31 ? tinyssl_shift_right(x, shift) : (x >> (shift & 31)) + (x >= 0 ? 1 : 0);
}

static int32_t quotient(const struct tinyssl_div *p, int32_t x, int32_t y)
{
    x = y < p->right_zero ? p->left_zero - x : x - p->left_zero;
    y = y < p->right_zero ? p->right_zero - y : y - p->right_zero;
    int32_t zeros = 32;
    int32_t inverse = OF_ZERO;
    if (y != 0) {
        zeros = tinyssl_leading_zeros((uint32_t)y);
        const uint32_t fraction = ((uint32_t)y << zeros) - UINT32_C(0x80000000);
        inverse = tinyssl_one_over_one_plus((int32_t)fraction);
    }
    const int32_t headroom = sign_bits(x);
    const int32_t raised = (int32_t)((uint32_t)x << headroom);
    const int32_t scaled =
        tinyssl_high_product(tinyssl_high_product(raised, inverse), p->multiplier);
    const int32_t out = divide(scaled, headroom + 31 - zeros - p->shift) + p->out_zero;
    return out < p->out_min ? p->out_min : out > p->out_max ? p->out_max : out;
}

TINYSSL_BROADCAST(tinyssl_div_s8, tinyssl_div, int8_t, int8_t, quotient(p, x, y))
