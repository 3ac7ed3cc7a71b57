#include "mul_s8_rv32.h"

#include "mul_loops.h"
#include "product_s8_rv32.h"

static inline int8_t product(const struct tinyssl_mul *p, int32_t left, int32_t right)
{
    const int32_t entry[] = {-p->shift, p->multiplier};
    const int32_t x = (left - p->left_zero) * (right - p->right_zero);
    return tinyssl_requantise_rv32(x, entry, p->out_zero, p->out_min, p->out_max);
}

TINYSSL_MUL(tinyssl_mul_s8_rv32, int8_t, product(p, x, y))

void tinyssl_mul_constant_s8_rv32(const int8_t *left, const struct tinyssl_mul *p, int8_t *out)
{
    tinyssl_mul_s8_rv32(left, (const int8_t *)p->constant, p, out);
}
