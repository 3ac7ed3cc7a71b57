#include "add_n.h"

#include "fixed_point.h"

#define HEADROOM (INT32_C(1) << 20)

void tinyssl_add_n_s8(const int8_t *const *in, const struct tinyssl_add_n *p, int8_t *const *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        int32_t sum = p->start;
        for (int32_t input = 0; input < p->count; input++) {
            const int32_t x = (in[input][i] - p->in_zero) * HEADROOM;
            sum += tinyssl_requantise(x, p->in_multiplier, p->in_shift);
        }
        sum = tinyssl_requantise(sum, p->out_multiplier, p->out_shift) + p->out_zero;
        out[0][i] = tinyssl_clamp(sum, INT8_MIN, INT8_MAX);
    }
}

void tinyssl_add_n_f32(const int8_t *const *in, const struct tinyssl_add_n *p, int8_t *const *out)
{
    float *const to = (float *)(void *)out[0];
    for (int32_t i = 0; i < p->size; i++) {
        float sum = 0.0F;
        for (int32_t input = 0; input < p->count; input++) {
            sum += ((const float *)(const void *)in[input])[i];
        }
        to[i] = sum;
    }
}
