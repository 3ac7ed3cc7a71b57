#include "sigmoid_s16.h"

static int32_t scaled(const struct tinyssl_sigmoid *p, int32_t x)
{
    const int32_t half = p->shift > 0 ? INT32_C(1) << (p->shift - 1) : 0;
    return (x * p->multiplier + half) >> p->shift;
}

void tinyssl_logistic_s16(const int16_t *in, const struct tinyssl_sigmoid *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = tinyssl_logistic_of(p->table, scaled(p, in[i]));
    }
}

void tinyssl_tanh_s16(const int16_t *in, const struct tinyssl_sigmoid *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = tinyssl_tanh_of(p->table, scaled(p, in[i]));
    }
}
