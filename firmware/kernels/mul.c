#include "mul.h"

#include "fixed_point.h"
#include "mul_loops.h"

/* Zero points of int16 are 0, so a product is 2^30 at most. */
static int32_t product(const struct tinyssl_mul *p, int32_t left, int32_t right)
{
    const int32_t x = (left - p->left_zero) * (right - p->right_zero);
    const int32_t y = tinyssl_requantise(x, p->multiplier, p->shift) + p->out_zero;
    return y < p->out_min ? p->out_min : y > p->out_max ? p->out_max : y;
}

TINYSSL_MUL(tinyssl_mul_s8, int8_t, product(p, x, y))
TINYSSL_MUL(tinyssl_mul_s16, int16_t, product(p, x, y))

void tinyssl_mul_constant_s8(const int8_t *left, const struct tinyssl_mul *p, int8_t *out)
{
    tinyssl_mul_s8(left, (const int8_t *)p->constant, p, out);
}

void tinyssl_mul_constant_s16(const int16_t *left, const struct tinyssl_mul *p, int16_t *out)
{
    tinyssl_mul_s16(left, (const int16_t *)p->constant, p, out);
}
