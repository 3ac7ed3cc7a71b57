#include "softmax_training_f32.h"

#include "product_f32.h"
#include "smooth_f32.h"

static void softmax_row(const float *in, const struct tinyssl_softmax_f32 *p, float *out)
{
    float max = in[0];
    for (int32_t i = 1; i < p->depth; i++) {
        max = in[i] > max ? in[i] : max;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] = tinyssl_smooth_exp(tinyssl_product(in[i] - max, p->beta));
        sum += out[i];
    }
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] /= sum;
    }
}

static void error_row(const float *error, const float *y, const struct tinyssl_softmax_f32 *p,
                      float *out)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; i++) {
        sum = tinyssl_add_product(sum, error[i], y[i]);
    }
    for (int32_t i = 0; i < p->depth; i++) {
        out[i] = tinyssl_product(error[i] - sum, y[i]) * p->beta;
    }
}

void tinyssl_smooth_softmax_f32(const float *in, const struct tinyssl_softmax_f32 *p, float *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(in + row * p->depth, p, out + row * p->depth);
    }
}

void tinyssl_softmax_error_f32(const float *error, const float *y,
                               const struct tinyssl_softmax_f32 *p, float *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        const int32_t start = row * p->depth;
        error_row(error + start, y + start, p, out + start);
    }
}
