/* Functions in fixed point, as gemmlowp has them. */
#ifndef TINYSSL_FIXED_FUNCTIONS_H
#define TINYSSL_FIXED_FUNCTIONS_H

#include "fixed_point.h"

/* Qm.n below: m integer bits, n fraction bits, sign besides; m + n = 31. The high product of Qa and
 * Qb is Q(a+b). No operand here is INT32_MIN, so the high product of two negative ones fits too. */

static inline int32_t tinyssl_saturate(int64_t x)
{
    return (int32_t)(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
}

/* exp(x) in Q0.31 for x in [-1/4, 0), Q0.31: Taylor series of degree 4 around -1/8. */
static inline int32_t tinyssl_exp_quarter(int32_t x)
{
    const int32_t exp_minus_eighth = 1895147668; /* exp(-1/8) */
    const int32_t third = 715827883;             /* 1/3 */
    const int32_t d = x + (INT32_C(1) << 28);    /* x + 1/8 */
    const int32_t d2 = tinyssl_high_product(d, d);
    const int32_t d3 = tinyssl_high_product(d2, d);
    const int32_t d4 = tinyssl_high_product(d2, d2);
    const int32_t d4_4_d3 = tinyssl_shift_right(d4, 2) + d3;
    const int32_t tail = tinyssl_shift_right(tinyssl_high_product(d4_4_d3, third) + d2, 1);
    return exp_minus_eighth + tinyssl_high_product(d + tail, exp_minus_eighth);
}

/* exp(x) in Q0.31 for x <= 0 in Q5.26: the part below 1/4 by the series, the rest as a product of
 * exp(-1/4), exp(-1/2), …, exp(-16). */
static inline int32_t tinyssl_exp_negative(int32_t x)
{
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242};
    const int32_t quarter = INT32_C(1) << 24;
    if (x == 0) {
        return INT32_MAX;
    }
    const int32_t part = (x & (quarter - 1)) - quarter;
    const int32_t rest = part - x;
    int32_t result = tinyssl_exp_quarter(part * 32); /* Q5.26 to Q0.31 */
    for (int32_t i = 0; i < 7; i++) {
        if ((rest & (quarter * (INT32_C(1) << i))) != 0) {
            result = tinyssl_high_product(result, factors[i]);
        }
    }
    return result;
}

/* 1 / (1 + x) in Q0.31 for x in [0, 1), Q0.31: three Newton steps on 1 / ((1 + x) / 2) in Q2.29. */
static inline int32_t tinyssl_one_over_one_plus(int32_t x)
{
    const int32_t one = INT32_C(1) << 29;
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2); /* (1 + x) / 2 */
    int32_t y = 1515870810 + tinyssl_high_product(-1010580540, half); /* 48/17 - 32/17 * half */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = one - tinyssl_high_product(y, half);
        const int64_t step = tinyssl_high_product(y, error); /* Q4.27 */
        y = tinyssl_saturate(y + step * 4);
    }
    return tinyssl_saturate((int64_t)y * 2);
}

static inline int32_t tinyssl_leading_zeros(uint32_t x)
{
    int32_t count = 0;
    while (x < UINT32_C(0x80000000)) {
        x <<= 1;
        count++;
    }
    return count;
}

#endif
