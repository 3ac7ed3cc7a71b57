#include "prelu.h"

#include "fixed_point.h"

static int32_t output(const struct tinyssl_prelu *p, int32_t x, int32_t alpha)
{
    x -= p->left_zero;
    int32_t y = 0;
    if (x < 0) {
        const int32_t product = x * (alpha - p->right_zero);
        y = tinyssl_requantise(product, p->negative, p->negative_shift);
    } else {
        y = tinyssl_requantise(x, p->positive, p->positive_shift);
    }
    y += p->out_zero;
    return y < p->out_min ? p->out_min : y > p->out_max ? p->out_max : y;
}

TINYSSL_BROADCAST(tinyssl_prelu_s8, tinyssl_prelu, int8_t, int8_t, output(p, x, y))
TINYSSL_BROADCAST_OF(tinyssl_prelu_s16, tinyssl_prelu, int16_t, int8_t, int16_t, output(p, x, y))
TINYSSL_BROADCAST(tinyssl_prelu_f32, tinyssl_pair, float, float, x >= 0.0F ? x : x * y)
