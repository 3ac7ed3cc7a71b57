#include "activation_error_f32.h"

#include "product_f32.h"

void tinyssl_clamp_error_f32(const float *error, const float *y,
                             const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = y[i] > p->low && y[i] < p->high ? error[i] : 0.0f;
    }
}

void tinyssl_leaky_relu_error_f32(const float *error, const float *x,
                                  const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = x[i] > 0.0f ? error[i] : error[i] * p->alpha;
    }
}

void tinyssl_hard_swish_error_f32(const float *error, const float *x,
                                  const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const float slope = x[i] <= -3.0f ? 0.0f : x[i] < 3.0f ? x[i] / 3.0f + 0.5f : 1.0f;
        out[i] = error[i] * slope;
    }
}

void tinyssl_tanh_error_f32(const float *error, const float *y,
                            const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = error[i] * (1.0f - tinyssl_product(y[i], y[i]));
    }
}

void tinyssl_logistic_error_f32(const float *error, const float *y,
                                const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = error[i] * tinyssl_product(y[i], 1.0f - y[i]);
    }
}

void tinyssl_abs_error_f32(const float *error, const float *x,
                           const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const float falls = x[i] < 0.0f ? -error[i] : 0.0f;
        out[i] = x[i] > 0.0f ? error[i] : falls;
    }
}

void tinyssl_square_error_f32(const float *error, const float *x,
                              const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = error[i] * (2.0f * x[i]);
    }
}

void tinyssl_sqrt_error_f32(const float *error, const float *y,
                            const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = error[i] / (2.0f * y[i]);
    }
}

void tinyssl_rsqrt_error_f32(const float *error, const float *y,
                             const struct tinyssl_activation_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = error[i] * (-0.5f * (y[i] * y[i] * y[i]));
    }
}
