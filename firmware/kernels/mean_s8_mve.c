#include "mean_s8_mve.h"

#include "fixed_point.h"
#include "mve.h"

TINYSSL_INLINE void four(const int8_t *in, const struct tinyssl_mean *p, int8_t *out, int32_t count)
{
    tinyssl_quad sum = tinyssl_dup(-p->in_zero * p->places);
    for (int32_t i = 0; i < p->places; i++, in += p->channels) {
        sum = tinyssl_add(sum, tinyssl_widen_quad(in, count));
    }
    int32_t sums[TINYSSL_QUAD];
    tinyssl_store_lanes(sums, sum);
    for (int32_t i = 0; i < TINYSSL_QUAD && i < count; i++) {
        const int32_t mean = tinyssl_requantise(sums[i], p->multiplier, p->shift) + p->out_zero;
        out[i] = tinyssl_clamp(mean, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_mean_s8_mve(const int8_t *in, const struct tinyssl_mean *p, int8_t *out)
{
    int32_t c = 0;
    for (; c + TINYSSL_QUAD <= p->channels; c += TINYSSL_QUAD) {
        four(in + c, p, out + c, TINYSSL_QUAD);
    }
    if (c < p->channels) {
        four(in + c, p, out + c, p->channels - c);
    }
}
