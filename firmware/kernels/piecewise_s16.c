#include "piecewise_s16.h"

#include "fixed_point.h"

void tinyssl_piecewise_s16(const int16_t *in, const struct tinyssl_piecewise *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t x = in[i];
        const int32_t y = x < 0 ? p->sign * tinyssl_requantise(x, p->negative, p->negative_shift)
                                : tinyssl_requantise(x, p->positive, p->positive_shift);
        out[i] = (int16_t)(y < p->out_min ? p->out_min : y > p->out_max ? p->out_max : y);
    }
}
