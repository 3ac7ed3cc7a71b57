#include "softmax_f32.h"

#include <math.h>

static void softmax_row(const float *in, const struct tinyssl_softmax_f32 *p, float *out)
{
    float max = in[0];
    for (int32_t i = 1; i < p->depth; i++) {
        max = in[i] > max ? in[i] : max;
    }
    float sum = 0.0F;
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] = expf((in[i] - max) * p->beta);
        sum += out[i];
    }
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] /= sum;
    }
}

void tinyssl_softmax_f32(const float *in, const struct tinyssl_softmax_f32 *p, float *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(in + row * p->depth, p, out + row * p->depth);
    }
}
