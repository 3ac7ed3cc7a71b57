#include "mean_s8.h"

#include "fixed_point.h"

void tinyssl_mean_s8(const int8_t *in, const struct tinyssl_mean *p, int8_t *out)
{
    for (int32_t c = 0; c < p->channels; c++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->places; i++) {
            sum += in[i * p->channels + c] - p->in_zero;
        }
        sum = tinyssl_requantise(sum, p->multiplier, p->shift) + p->out_zero;
        out[c] = tinyssl_clamp(sum, INT8_MIN, INT8_MAX);
    }
}
