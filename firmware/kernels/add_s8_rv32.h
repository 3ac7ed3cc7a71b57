#ifndef TINYSSL_ADD_S8_RV32_H
#define TINYSSL_ADD_S8_RV32_H

#include "add_s8_dsp.h"
#include "fixed_point.h"

/* x * factor / 2^8, downwards: the top word of a product of 32-bit numbers. */
static inline int32_t tinyssl_scaled_rv32(int32_t x, int32_t factor)
{
    return (int32_t)((int64_t)(x * (INT32_C(1) << 24)) * factor >> 32);
}

/* One element. */
static inline int8_t tinyssl_sum_rv32(const struct tinyssl_add_dsp *p, int32_t left, int32_t right)
{
    const int32_t sum = p->start + tinyssl_scaled_rv32(left, p->left_factor) +
                        tinyssl_scaled_rv32(right, p->right_factor);
    return tinyssl_clamp(sum >> p->shift, p->out_min, p->out_max);
}

/* As tinyssl_add_s8_dsp. */
void tinyssl_add_s8_rv32(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                         int8_t *out);

#endif
